import { namespaceExists, notImplemented } from '../bson/errors'
import type { Command } from './command'
import { VALIDATION_FIELDS, validationOptions, withValidation } from './validation-options'

/** Kinds of collections that are not there. None is left out in silence. */
const NOT_SUPPORTED = [
  'capped',
  'timeseries',
  'clusteredIndex',
  'viewOn',
  'pipeline',
  'changeStreamPreAndPostImages',
  'encryptedFields',
  'expireAfterSeconds',
]

export const create: Command = {
  name: 'create',
  summary: 'plain collections; `validator`, `validationLevel`, `validationAction`',
  fields: [
    ...NOT_SUPPORTED,
    'autoIndexId',
    'collation',
    'idIndex',
    'indexOptionDefaults',
    'max',
    'size',
    'storageEngine',
    ...VALIDATION_FIELDS,
  ],
  inTransaction: 'allowed',
  run: async (args, { store }) => {
    const [database, name] = [args.database, args.collection]
    const unsupported = NOT_SUPPORTED.find((option) => args.has(option) && args.get(option) !== false)
    if (unsupported !== undefined) throw notImplemented(`create: '${unsupported}' is not supported by this server`)
    const locale = args.document('collation')?.['locale'] ?? 'simple'
    if (locale !== 'simple')
      throw notImplemented('create: a collection with a collation is not supported by this server')
    if (store.collection(database, name) !== undefined) {
      throw namespaceExists(`Collection ${database}.${name} already exists.`)
    }
    await store.ensureCollection(database, name, withValidation({}, validationOptions(args)))
    return {}
  },
}
