import type { Collection, Document } from 'mongodb'

export const PAGE_SIZE = 20
const GROUPS = 100

/** What is measured, in this order: what changes the number of documents comes last. */
export const OPERATIONS = [
  'find by _id',
  'find by unique field',
  'update by _id',
  'page of 20 by index',
  'count by index',
  'group over all',
  'insert',
] as const
export type OperationName = (typeof OPERATIONS)[number]

/** A group reads everything, so one at a time says how long it takes; all others are in flight together. */
export const ALONE: ReadonlySet<OperationName> = new Set(['group over all'])

export const INDEXES = [
  { key: { email: 1 }, unique: true },
  { key: { created_at: -1 } },
  { key: { group: 1 } },
] as const

/** User number `n`: about 400 bytes of BSON. */
export function userDocument(n: number): Document {
  return {
    _id: n,
    email: `user${n}@example.com`,
    name: `User ${n}`,
    group: n % GROUPS,
    created_at: new Date(1.7e12 + n * 1_000),
    is_active: true,
    address: { street: `Street ${n % 500}`, city: `City ${n % 50}`, zip: String(10_000 + n) },
    roles: ['CLIENT'],
    version: 1,
    about: `${'Works with documents, indexes and queries. '.repeat(3)}${n}`,
  }
}

export interface OperationContext {
  readonly users: Collection
  /** Documents that were there at the start. */
  readonly documents: number
  /** The number of a document that is not there yet. */
  readonly fresh: () => number
}

type Operation = (context: OperationContext) => Promise<void>

const any = (count: number): number => Math.floor(Math.random() * count)
const byId = (n: number): Document => ({ _id: n as never })

/** Each looks at what it gets: a fast wrong answer is none. */
export const RUN: Readonly<Record<OperationName, Operation>> = {
  'find by _id': async ({ users, documents }) => {
    const n = any(documents)
    check((await users.findOne(byId(n)))?.['email'] === `user${n}@example.com`)
  },
  'find by unique field': async ({ users, documents }) => {
    const n = any(documents)
    check(Number((await users.findOne({ email: `user${n}@example.com` }))?._id) === n)
  },
  'update by _id': async ({ users, documents }) => {
    const update = { $set: { name: `Name ${any(1e9)}` }, $inc: { version: 1 } }
    check((await users.updateOne(byId(any(documents)), update)).matchedCount === 1)
  },
  'page of 20 by index': async ({ users, documents }) => {
    const page = await users.find().sort({ created_at: -1 }).limit(PAGE_SIZE).toArray()
    check(page.length === Math.min(PAGE_SIZE, documents))
  },
  'count by index': async ({ users, documents }) => {
    const group = any(Math.min(GROUPS, documents))
    check((await users.countDocuments({ group })) >= Math.floor(documents / GROUPS))
  },
  'group over all': async ({ users, documents }) => {
    const groups = await users.aggregate([{ $group: { _id: '$group', n: { $sum: 1 } } }]).toArray()
    check(groups.length === Math.min(GROUPS, documents))
  },
  insert: async ({ users, fresh }) => {
    check((await users.insertOne(userDocument(fresh()))).acknowledged)
  },
}

function check(right: boolean): void {
  if (!right) throw new Error('a wrong answer')
}
