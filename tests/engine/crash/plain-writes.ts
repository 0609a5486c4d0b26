import type { Collection, Db } from 'mongodb'
import { DATABASE, type Workload, type Writer } from './workload'

interface Entry {
  _id: string
  n: number
  unique: string
  tags: number[]
  even?: boolean
  text: string
}

/** What a client knows of one document: how often its change was acknowledged, and how often it was sent. */
interface Expected {
  acknowledged: number
  sent: number
  deleted: 'no' | 'sent' | 'acknowledged'
}

const entriesOf = (db: Db): Collection<Entry> => db.collection('entries')

/** Each document is inserted, changed, and now and then deleted. Nothing is sent twice. */
export class PlainWrites implements Workload {
  readonly collections = ['entries']
  private readonly known = new Map<string, Expected>()
  acknowledged = 0

  async prepare(db: Db): Promise<void> {
    await entriesOf(db).createIndexes([
      { key: { unique: 1 }, unique: true },
      { key: { tags: 1, n: 1 } },
      { key: { n: -1 }, partialFilterExpression: { even: true } },
    ])
  }

  async write({ client, name }: Writer): Promise<void> {
    const entries = entriesOf(client.db(DATABASE, { retryWrites: false }))
    for (let i = 0; ; i++) {
      const _id = `${name}:${i}`
      const expected: Expected = { acknowledged: 0, sent: 1, deleted: 'no' }
      this.known.set(_id, expected)
      try {
        await entries.insertOne({
          _id,
          n: 1,
          unique: `u${_id}`,
          tags: [i % 10, -1],
          text: 'x'.repeat((i * 97) % 5_000),
        })
        expected.acknowledged = 1
        expected.sent = 2
        await entries.updateOne({ _id }, { $inc: { n: 1 }, $push: { tags: 77 }, $set: { even: true } })
        expected.acknowledged = 2
        this.acknowledged++
        if (i % 5 !== 0) continue
        expected.deleted = 'sent'
        await entries.deleteOne({ _id })
        expected.deleted = 'acknowledged'
      } catch {
        return
      }
    }
  }

  async check(db: Db): Promise<void> {
    const found = new Map((await entriesOf(db).find().toArray()).map((entry) => [entry._id, entry]))
    const wrong = [...this.known].filter(([_id, expected]) => !isPossible(expected, found.get(_id)))
    expect(wrong).toEqual([])
    expect([...found.keys()].filter((_id) => !this.known.has(_id))).toEqual([])
    expect(await entriesOf(db).find().hint({ unique: 1 }).toArray()).toHaveLength(found.size)
  }
}

function isPossible({ acknowledged, sent, deleted }: Expected, entry: Entry | undefined): boolean {
  if (entry === undefined) return deleted !== 'no' || acknowledged === 0
  if (deleted === 'acknowledged') return false
  const { n, tags, even } = entry
  return n >= Math.max(acknowledged, 1) && n <= sent && tags.length === n + 1 && (even === true) === (n === 2)
}
