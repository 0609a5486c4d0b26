import { readDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { namespaceNotFound } from '../bson/errors'
import { inSlices } from '../execution/slice'
import type { Slice } from '../execution/slice'
import type { Collection } from '../storage/collection'
import type { SecondaryIndex } from '../storage/secondary-index'
import { WHOLE_TREE } from '../storage/tree'
import type { Command } from './command'

/** Problems that are told one by one; the rest is counted. */
const ERRORS_TOLD_MAX = 20

/** Keys that are remembered of documents: one with a long array is met for each of its entries. */
const KNOWN_KEYS_MAX = 200_000

const NON_COMPLIANT = "Detected one or more documents not compliant with the collection's schema."

export const validate: Command = {
  name: 'validate',
  summary: 'reads every document, checks every index entry both ways, and counts what the validator would refuse',
  fields: ['full', 'repair', 'metadata', 'checkBSONConformance', 'background'],
  run: async (args, { engine }) => {
    const ns = `${args.database}.${args.collection}`
    const collection = engine.catalog.collection(args.database, args.collection)
    if (collection === undefined) throw namespaceNotFound(`Collection '${ns}' does not exist to validate.`)
    // A snapshot does not outlast a slice, and writes go on: what has changed meanwhile is looked at again.
    const run = new Validation(collection)
    await inSlices(args.timeLimit(), (slice) => run.step(slice))
    return { ns, ...run.toReply() }
  },
}

/** The keys that a document has in the index whose entries are being walked. */
interface KnownKeys {
  readonly raw: Buffer
  readonly keys: ReadonlySet<string>
  /** The slice that has seen that it has not changed. */
  seenIn: Slice
}

type Phase = { readonly kind: 'documents' } | { readonly kind: 'entries'; readonly index: SecondaryIndex }

class Validation {
  private readonly errors: string[] = []
  private errorCount = 0
  private documents = 0
  private unreadable = 0
  private nonCompliant = 0
  private readonly entries = new Map<string, number>()
  private readonly phases: Phase[]
  private after: Buffer | undefined
  private readonly known = new Map<string, KnownKeys>()
  private knownKeys = 0

  constructor(private readonly collection: Collection) {
    const indexes = collection.indexes.filter((index) => index.definition.ready)
    this.phases = [{ kind: 'documents' }, ...indexes.map((index) => ({ kind: 'entries', index }) as const)]
    for (const index of indexes) this.entries.set(index.definition.name, 0)
  }

  step(slice: Slice): boolean {
    for (;;) {
      const [phase] = this.phases
      if (phase === undefined || this.collection.dropped) return true
      const done = phase.kind === 'documents' ? this.walkDocuments(slice) : this.walkEntries(phase.index, slice)
      if (!done) return false
      this.phases.shift()
      this.after = undefined
      this.known.clear()
      this.knownKeys = 0
    }
  }

  private walkDocuments(slice: Slice): boolean {
    for (const { key, value } of this.collection.documents.range(WHOLE_TREE, 1, this.after)) {
      this.documents++
      this.checkDocument(key, value)
      this.after = key
      if (slice.isOver()) return false
    }
    return true
  }

  private checkDocument(key: Buffer, raw: Buffer): void {
    try {
      const doc = readDoc(raw)
      if (!this.complies(doc)) this.nonCompliant++
      if (!this.collection.keyOf(doc['_id']).equals(key)) this.fault(`document ${hex(key)} has another _id`)
      for (const index of this.collection.indexes) {
        if (!index.definition.ready) continue
        for (const entry of index.entriesOf(doc, key).entries) {
          if (index.tree.get(entry.key)?.equals(key) === true) continue
          this.fault(`document ${hex(key)} has no entry ${hex(entry.key)} in index ${index.definition.name}`)
        }
      }
    } catch (error) {
      this.unreadable++
      this.fault(`document ${hex(key)} cannot be read: ${String(error)}`)
    }
  }

  /** What cannot be told in time does not. */
  private complies(doc: Doc): boolean {
    try {
      return this.collection.validation?.isValid(doc) !== false
    } catch {
      return false
    }
  }

  private walkEntries(index: SecondaryIndex, slice: Slice): boolean {
    const { name } = index.definition
    for (const { key, value: documentKey } of index.tree.range(WHOLE_TREE, 1, this.after)) {
      this.entries.set(name, (this.entries.get(name) ?? 0) + 1)
      const stands = this.keysOf(documentKey, index, slice)?.has(key.toString('latin1')) === true
      if (!stands) this.fault(`entry ${hex(key)} of index ${name} belongs to no document that has it`)
      this.after = key
      if (slice.isOver()) return false
    }
    return true
  }

  /** undefined: there is no such document. */
  private keysOf(documentKey: Buffer, index: SecondaryIndex, slice: Slice): ReadonlySet<string> | undefined {
    const name = documentKey.toString('latin1')
    const known = this.known.get(name)
    if (known?.seenIn === slice) return known.keys
    const raw = this.collection.get(documentKey)
    if (raw === undefined) return undefined
    if (known?.raw.equals(raw) === true) {
      known.seenIn = slice
      return known.keys
    }
    const { entries } = index.entriesOf(readDoc(raw), documentKey)
    const keys = new Set(entries.map((entry) => entry.key.toString('latin1')))
    this.forget(name)
    this.known.set(name, { raw, keys, seenIn: slice })
    this.knownKeys += keys.size
    for (const oldest of this.known.keys()) {
      if (this.knownKeys <= KNOWN_KEYS_MAX || this.known.size === 1) break
      this.forget(oldest)
    }
    return keys
  }

  private forget(name: string): void {
    this.knownKeys -= this.known.get(name)?.keys.size ?? 0
    this.known.delete(name)
  }

  private fault(message: string): void {
    this.errorCount++
    if (this.errors.length < ERRORS_TOLD_MAX) this.errors.push(message)
  }

  toReply(): Record<string, unknown> {
    const keysPerIndex = { _id_: this.documents, ...Object.fromEntries(this.entries) }
    return {
      nrecords: this.documents,
      nIndexes: this.entries.size + 1,
      keysPerIndex,
      nInvalidDocuments: this.unreadable,
      nNonCompliantDocuments: this.nonCompliant,
      valid: this.errorCount === 0,
      warnings: this.nonCompliant === 0 ? [] : [NON_COMPLIANT],
      errors: this.errors,
    }
  }
}

function hex(key: Buffer): string {
  return key.toString('hex')
}
