import { randomUUID } from 'node:crypto'
import { compileCollation } from '../bson/collation'
import { getField, isDoc, readDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { CommandError, failedToParse, notInTransaction } from '../bson/errors'
import type { Engine } from '../engine'
import type { TimeLimit } from '../execution/slice'
import { located } from '../query/aggregate/expression/arguments'
import { compileExpression } from '../query/expression'
import { checkVariableName } from '../query/let'
import type { Collection } from '../storage/collection'
import { EMPTY_INDEX } from '../storage/index-definition'
import { parseNamespace } from './arguments'
import { dropCollections } from './drop'
import { startInsert } from './insert'
import { rename } from './rename-collection'
import { startUpdate } from './update'
import type { StatementRun } from './write-batch'

type Target = readonly [database: string, name: string]

/** A `$out` or `$merge` at the end of a pipeline: writes the results instead of answering them. */
export type Output = (engine: Engine, documents: readonly Uint8Array[], limit: TimeLimit) => Promise<void>

interface OutputPlace {
  readonly database: string
  readonly inTransaction: boolean
  /** The pipeline's. */
  readonly collation: Doc | undefined
  readonly bypassValidation: boolean
}

/** Takes the output stage off a pipeline. Throws for one that stands anywhere but at the end. */
export function splitOutput(
  pipeline: readonly Doc[],
  place: OutputPlace,
): { readonly pipeline: readonly Doc[]; readonly output: Output | undefined } {
  const at = pipeline.findIndex(isOutput)
  const stage = pipeline[at]
  if (stage === undefined) return { pipeline, output: undefined }
  const name = '$out' in stage ? '$out' : '$merge'
  if (at < pipeline.length - 1) {
    throw new CommandError(40601, 'Location40601', `${name} can only be the final stage in the pipeline`)
  }
  if (place.inTransaction) throw notInTransaction(`${name} cannot be used in a transaction`)
  const output = name === '$out' ? outputOf(stage[name], place) : mergeOf(stage[name], place)
  return { pipeline: pipeline.slice(0, -1), output }
}

export function isOutput(stage: Doc): boolean {
  return '$out' in stage || '$merge' in stage
}

function targetOf(value: unknown, database: string): Target {
  if (typeof value === 'string') return parseNamespace(`${database}.${value}`)
  if (isDoc(value) && typeof value['coll'] === 'string') {
    const given = value['db']
    return parseNamespace(`${typeof given === 'string' ? given : database}.${value['coll']}`)
  }
  throw failedToParse('$out and $merge need the name of a collection')
}

/** The results take the place of the collection, all at once; its indexes are kept. */
function outputOf(value: unknown, { database, bypassValidation }: OutputPlace): Output {
  const target = targetOf(value, database)
  return async (engine, documents, limit) => {
    const scratch: Target = [target[0], `tmp.agg_out.${randomUUID()}`]
    const present = engine.store.collection(...target)
    const collection = await engine.store.ensureCollection(...scratch, present?.identity.options)
    try {
      if (present !== undefined) await copyIndexes(engine, present, collection)
      await writeEach(engine, documents, limit, (raw) => startInsert(collection, Buffer.from(raw), bypassValidation))
      await rename(engine, collection.namespace, target.join('.'), true)
    } catch (error) {
      await dropCollections(engine, [collection])
      throw error
    }
  }
}

async function copyIndexes({ catalog, environment }: Engine, from: Collection, to: Collection): Promise<void> {
  const definitions = from.indexes.map((index) => index.definition)
  const trees = await environment.takeTrees(definitions.length)
  await environment.write(() => {
    definitions.forEach((definition, i) => {
      const tree = trees[i] as number
      catalog.addIndex(to, { ...definition, ...EMPTY_INDEX, tree })
    })
  })
}

const WHEN_MATCHED: readonly unknown[] = ['replace', 'keepExisting', 'merge', 'fail']
const WHEN_NOT_MATCHED: readonly unknown[] = ['insert', 'discard', 'fail']

/** The results go into the collection one by one, as the modes say. */
function mergeOf(value: unknown, { database, collation: pipelineCollation, bypassValidation }: OutputPlace): Output {
  const spec: Doc = isDoc(value) ? value : { into: value }
  const [database_, name] = targetOf(spec['into'], database)
  // By _id, where nothing else is said, documents are told apart as the collection does it.
  const collation = spec['on'] === undefined ? undefined : pipelineCollation
  const on = spec['on'] === undefined ? ['_id'] : [spec['on']].flat().map(String)
  const { whenMatched = 'merge', whenNotMatched = 'insert' } = spec
  if (!Array.isArray(whenMatched) && !WHEN_MATCHED.includes(whenMatched)) {
    throw failedToParse('Enumeration value for field whenMatched is not a valid value')
  }
  if (!WHEN_NOT_MATCHED.includes(whenNotMatched)) {
    throw failedToParse('Enumeration value for field whenNotMatched is not a valid value')
  }
  const variables = mergeVariables(spec)
  return async (engine, documents, limit) => {
    const collection = await engine.store.ensureCollection(database_, name)
    checkUniqueOn(collection, on, compileCollation(collation)?.signature)
    await writeEach(engine, documents, limit, (raw) => {
      const doc = readDoc(raw)
      const insert = () => startInsert(collection, Buffer.from(raw), bypassValidation)
      if (whenMatched === 'fail') return insert()
      const statement = {
        filter: Object.fromEntries(on.map((field) => [field, { $eq: getField(doc, field) ?? null }])),
        update: updateFor(whenMatched, doc),
        collation,
        multi: false,
        upsert: whenNotMatched === 'insert' && !Array.isArray(whenMatched),
        variables: { ...variables(doc), new: doc },
        bypassValidation,
      }
      const run = startUpdate(collection, statement)
      if (whenNotMatched === 'fail') return failing(run)
      const insertsItself = whenNotMatched === 'insert' && Array.isArray(whenMatched)
      return insertsItself ? orElse(run, insert) : run
    })
  }
}

/** The values of `let`, for each result. */
function mergeVariables({ let: spec, whenMatched }: Doc): (doc: Doc) => Doc {
  if (!isDoc(spec)) return () => ({})
  if (!Array.isArray(whenMatched)) throw located(51199, "Cannot use 'let' variables unless 'whenMatched' is a pipeline")
  const names = Object.keys(spec)
  names.forEach(checkVariableName)
  if (names.includes('new') && spec['new'] !== '$$ROOT') {
    throw located(51273, "'let' may not define a value for the reserved 'new' variable other than '$$ROOT'")
  }
  const values = names.map((name) => compileExpression(spec[name]))
  return (doc) => Object.fromEntries(names.map((name, i) => [name, values[i]?.(doc)]))
}

function checkUniqueOn(collection: Collection, on: readonly string[], signature: string | undefined): void {
  const wanted = [...on].sort().join('\0')
  const unique = collection.usableIndexes().filter((index) => {
    return index.unique && index.partialFilter === undefined && index.collation?.signature === signature
  })
  if (unique.some(({ key }) => Object.keys(key).sort().join('\0') === wanted)) return
  throw new CommandError(51183, 'Location51183', 'Cannot find index to verify that join fields will be unique')
}

function updateFor(whenMatched: unknown, doc: Doc): Doc | readonly Doc[] {
  if (Array.isArray(whenMatched)) return whenMatched as readonly Doc[]
  if (whenMatched === 'replace') return doc
  if (whenMatched === 'keepExisting') return { $setOnInsert: doc }
  return [{ $replaceWith: { $mergeObjects: ['$$ROOT', { $literal: doc }] } }]
}

function failing(run: StatementRun): StatementRun {
  return orElse(run, () => {
    const message = '$merge could not find a matching document in the target collection for at least one document'
    throw new CommandError(13113, 'MergeStageNoMatchingDocument', message)
  })
}

/** What is done where the first one has found nothing. */
function orElse(first: StatementRun, start: () => StatementRun): StatementRun {
  let second: StatementRun | undefined
  return {
    outcome: first.outcome,
    step: (slice) => {
      if (second === undefined && !first.step(slice)) return false
      if (first.outcome.n > 0) return true
      second ??= start()
      return second.step(slice)
    },
  }
}

async function writeEach(
  engine: Engine,
  documents: readonly Uint8Array[],
  limit: TimeLimit,
  start: (raw: Uint8Array) => StatementRun,
): Promise<void> {
  let next = 0
  let run: StatementRun | undefined
  await engine.store.write(limit, (slice) => {
    while (next < documents.length) {
      run ??= start(documents[next] as Uint8Array)
      if (!run.step(slice)) return false
      run = undefined
      next++
      if (slice.isOver()) break
    }
    return next === documents.length
  })
}
