import type { Db } from 'mongodb'
import { DATABASE, type Workload, type Writer } from './workload'

const BATCH = 50

/** Indexes and collections that come and go while others write. */
export class SchemaChanges implements Workload {
  readonly collections = []
  acknowledged = 0

  async prepare(): Promise<void> {
    // What it changes, others have made.
  }

  async write({ client }: Writer): Promise<void> {
    const db = client.db(DATABASE)
    for (let i = 0; ; i++) {
      try {
        await db.collection('entries').createIndex({ text: 1, unique: 1 }, { name: 'changing' })
        await db.collection(`scratch${i % 3}`).insertMany(Array.from({ length: BATCH }, (_, n) => ({ n })))
        await db.collection('entries').dropIndex('changing')
        if (i % 2 === 0) await db.collection(`scratch${i % 3}`).drop()
        this.acknowledged++
      } catch (error) {
        const { code } = error as { code?: unknown }
        // Two of these may meet: an index or a collection is gone already.
        if (code !== 26 && code !== 27) return
      }
    }
  }

  async check(db: Db): Promise<void> {
    for (const { name } of await db.listCollections().toArray()) {
      expect(await db.command({ validate: name, full: true })).toMatchObject({ valid: true, errors: [] })
      if (!name.startsWith('scratch')) continue
      const counts = await db
        .collection(name)
        .aggregate<{ _id: number; count: number }>([{ $sortByCount: '$n' }, { $sort: { _id: 1 } }])
        .toArray()
      // A batch in order that was broken off has written its first documents, and none after a gap.
      const perPlace = Array.from({ length: BATCH }, (_, n) => counts.find(({ _id }) => _id === n)?.count ?? 0)
      expect([name, perPlace]).toEqual([name, [...perPlace].sort((x, y) => y - x)])
    }
  }
}
