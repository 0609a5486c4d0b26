import type { Doc } from '../bson/doc'
import { badValue, indexNotFound, invalidOptions, namespaceNotFound, notImplemented, showValue } from '../bson/errors'
import type { Collection } from '../storage/collection'
import type { IndexDefinition } from '../storage/index-definition'
import type { SecondaryIndex } from '../storage/secondary-index'
import { Arguments } from './arguments'
import type { Command } from './command'
import { oneAtATime } from './create-indexes'
import { indexWithKey } from './drop-indexes'
import { checkExpiry } from './index-spec'
import { VALIDATION_FIELDS, validationOptions, withValidation } from './validation-options'

/** Of views, of capped, clustered and time series collections, and of change streams: they are not there. */
const NOT_SUPPORTED = [
  'cappedMax',
  'cappedSize',
  'changeStreamPreAndPostImages',
  'expireAfterSeconds',
  'pipeline',
  'timeseries',
  'viewOn',
]

export const collMod: Command = {
  name: 'collMod',
  summary: '`validator`, `validationLevel`, `validationAction`; `index` with `hidden`, `expireAfterSeconds`',
  fields: [...NOT_SUPPORTED, ...VALIDATION_FIELDS, 'dryRun', 'index'],
  run: (args, { engine }) => {
    const { database, collection: name } = args
    const unsupported = NOT_SUPPORTED.find((option) => args.has(option))
    if (unsupported !== undefined) throw notImplemented(`collMod: '${unsupported}' is not supported by this server`)
    const given = validationOptions(args)
    const index = args.document('index')
    const { catalog, environment } = engine
    return oneAtATime(engine, `${database}.${name}`, () =>
      environment.write(() => {
        const collection = catalog.collection(database, name)
        if (collection === undefined) throw namespaceNotFound('ns does not exist')
        const change = index === undefined ? undefined : parseIndexChange(collection, index)
        if (args.boolean('dryRun')) return {}
        if (change !== undefined) catalog.changeIndex(collection, change.index, change.changes)
        if (Object.keys(given).length > 0) {
          catalog.changeOptions(collection, withValidation(collection.identity.options, given))
        }
        return change?.reply ?? {}
      }),
    )
  },
}

interface IndexChange {
  readonly index: SecondaryIndex
  readonly changes: Partial<IndexDefinition>
  readonly reply: Doc
}

function parseIndexChange(collection: Collection, doc: Doc): IndexChange {
  const args = new Arguments('collMod.index', doc)
  args.checkFields(['name', 'keyPattern', 'hidden', 'expireAfterSeconds', 'unique', 'prepareUnique'])
  for (const option of ['unique', 'prepareUnique']) {
    if (args.has(option)) throw notImplemented(`collMod: index option '${option}' is not supported by this server`)
  }
  if (!args.has('hidden') && !args.has('expireAfterSeconds')) {
    throw invalidOptions('no expireAfterSeconds, hidden, unique, or prepareUnique field')
  }
  const index = findIndex(collection, args)
  const { definition } = index
  const changes: { hidden?: boolean; expireAfterSeconds?: number } = {}
  const reply: Doc = {}
  if (args.has('expireAfterSeconds')) {
    changes.expireAfterSeconds = checkExpiry(args.get('expireAfterSeconds'), definition.key, invalidOptions)
    if (definition.expireAfterSeconds !== undefined) reply['expireAfterSeconds_old'] = definition.expireAfterSeconds
    reply['expireAfterSeconds_new'] = changes.expireAfterSeconds
  }
  if (args.has('hidden') && args.boolean('hidden') !== definition.hidden) {
    changes.hidden = !definition.hidden
    Object.assign(reply, { hidden_old: definition.hidden, hidden_new: changes.hidden })
  }
  return { index, changes, reply }
}

function findIndex(collection: Collection, args: Arguments): SecondaryIndex {
  const [name, key] = [args.string('name'), args.document('keyPattern')]
  if (name !== undefined && key !== undefined) throw invalidOptions('Cannot specify both key pattern and name.')
  if (name === undefined && key === undefined) throw invalidOptions('must specify either index name or key pattern')
  if (name === '_id_' || (key !== undefined && showValue(key) === '{ _id: 1 }')) {
    throw args.has('hidden')
      ? badValue("can't hide _id index")
      : invalidOptions('the _id field does not support TTL indexes')
  }
  const index = name === undefined ? indexWithKey(collection, key ?? {}) : collection.index(name)
  if (index !== undefined) return index
  throw indexNotFound(`cannot find index ${name ?? showValue(key)} for ns ${collection.namespace}`)
}
