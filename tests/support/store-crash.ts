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
type Wrap = (name: string, original: Call) => Call

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
  const wrap: Wrap = (name, original) =>
    function (this: unknown, ...args: unknown[]) {
      if (isWrite(name) && (state.left -= 1) < 0) state.died = true
      if (!state.died) return original.apply(this, args)
      if (name === 'find' || name === 'aggregate') throw new Error('The process has died')
      return Promise.reject(new Error('The process has died'))
    }
  return wrapped(wrap, async () => {
    const outcome = await work()
    const { died } = state
    // What was begun behind the answer belongs to the process as well.
    state.died = true
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    return { outcome, died }
  })
}

/** One write, the first being 0, is done, and nobody hears of it in time; the process lives on, and so does the store. */
export async function unheard<T>(write: number, work: () => Promise<T>): Promise<Crash<T>> {
  const state = { count: 0, died: false }
  const wrap = (original: Call): Call =>
    async function (this: unknown, ...args: unknown[]) {
      const answer = await original.apply(this, args)
      if (state.count++ !== write) return answer
      state.died = true
      throw new mongo.MongoNetworkTimeoutError('Nothing was heard of it')
    }
  return wrapped(
    (name, original) => (isWrite(name) ? wrap(original) : original),
    async () => ({ outcome: await work(), died: state.died }),
  )
}

function isWrite(name: string): boolean {
  return (WRITES as readonly string[]).includes(name)
}

/** The driver's calls are others while the work is done. */
async function wrapped<T>(wrap: Wrap, work: () => Promise<T>): Promise<T> {
  const prototype = mongo.Collection.prototype as unknown as Record<string, Call>
  const originals = [...WRITES, ...READS].map((name) => [name, prototype[name]!] as const)
  for (const [name, original] of originals) prototype[name] = wrap(name, original)
  try {
    return await work()
  } finally {
    for (const [name, original] of originals) prototype[name] = original
  }
}
