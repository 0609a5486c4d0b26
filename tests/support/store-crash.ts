import { mongo } from 'mongoose'

const WRITES = [
  'insertOne',
  'insertMany',
  'updateOne',
  'updateMany',
  'replaceOne',
  'deleteOne',
  'deleteMany',
  'findOneAndUpdate',
  'findOneAndDelete',
  'findOneAndReplace',
  'bulkWrite',
] as const
const READS = ['find', 'findOne', 'countDocuments', 'estimatedDocumentCount', 'aggregate'] as const

type Call = (...args: unknown[]) => unknown

export interface Crash<T> {
  readonly outcome: T
  /** Whether more was to be written than was let through. */
  readonly died: boolean
}

/**
 * What a process leaves that dies after so many writes to the store: the next one, and whatever follows, does not
 * happen. Nothing of the work may go on behind its outcome.
 */
export async function diesAfter<T>(writes: number, work: () => Promise<T>): Promise<Crash<T>> {
  const state = { left: writes, died: false }
  const prototype = mongo.Collection.prototype as unknown as Record<string, Call>
  const originals = [...WRITES, ...READS].map((name) => [name, prototype[name]!] as const)
  for (const [name, original] of originals) {
    const isWrite = (WRITES as readonly string[]).includes(name)
    prototype[name] = function (this: unknown, ...args: unknown[]) {
      if (isWrite && (state.left -= 1) < 0) state.died = true
      if (!state.died) return original.apply(this, args)
      if (name === 'find' || name === 'aggregate') throw new Error('The process has died')
      return Promise.reject(new Error('The process has died'))
    }
  }
  try {
    const outcome = await work()
    const { died } = state
    // What was begun behind the answer belongs to the process as well.
    state.died = true
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    return { outcome, died }
  } finally {
    for (const [name, original] of originals) prototype[name] = original
  }
}
