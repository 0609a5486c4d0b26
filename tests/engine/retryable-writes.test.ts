import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Binary, type Document, Long, UUID } from 'mongodb'
import { startEngine } from './start-engine'
import { useEngine } from './use-engine'
import { WireSocket, bodySection, msgDocument, opMsg } from './wire-socket'

const engine = useEngine()

/** A connection on which commands are sent as they are, and sent again. */
class Sender {
  private constructor(
    private readonly socket: WireSocket,
    readonly database: string,
  ) {}

  static async to(uri: string, database: string): Promise<Sender> {
    return new Sender(await WireSocket.open(uri), database)
  }

  async send(command: Document): Promise<Document> {
    const reply = msgDocument(await this.socket.request(opMsg([bodySection({ ...command, $db: this.database })])))
    delete reply['operationTime']
    return reply
  }

  end = () => this.socket.end()
}

/** The fields of a retryable write: a session of its own, and its first number. */
const numbered = (number = 1, id: Binary = new UUID(randomUUID())) => ({
  lsid: { id },
  txnNumber: Long.fromNumber(number),
})

let sender: Sender
beforeAll(async () => (sender = await Sender.to(engine.uri, engine.database)))
afterAll(() => sender.end())

describe('a write that is sent twice is done once, and answered as before', () => {
  it('insert, of one and of many', async () => {
    const collection = await engine.collection()
    const documents = Array.from({ length: 500 }, (_, _id) => ({ _id }))
    const command = { insert: collection.collectionName, documents, ...numbered() }
    expect(await sender.send(command)).toEqual({ n: 500, ok: 1 })
    const again = await sender.send(command)
    expect(again).toMatchObject({ n: 500, ok: 1 })
    expect(again).not.toHaveProperty('writeErrors')
    expect(again['retriedStmtIds']).toHaveLength(500)
    expect(await collection.countDocuments()).toBe(500)
  })

  it('update with $inc, and with an upsert', async () => {
    const collection = await engine.collection([{ _id: 1, n: 0 }])
    const updates = [
      { q: { _id: 1 }, u: { $inc: { n: 1 } } },
      { q: { n: 77 }, u: { $set: { a: 1 } }, upsert: true },
      { q: { _id: 1 }, u: { $set: { n: 1 } } },
    ]
    const command = { update: collection.collectionName, updates, ...numbered() }
    const { ok, n, nModified, upserted } = await sender.send(command)
    expect({ ok, n, nModified }).toEqual({ ok: 1, n: 3, nModified: 1 })
    expect(await sender.send(command)).toEqual({ ok, n, nModified, upserted, retriedStmtIds: [0, 1, 2] })
    expect(await collection.find().sort({ n: 1 }).toArray()).toMatchObject([{ n: 1 }, { n: 77 }])
  })

  it('delete of one', async () => {
    const collection = await engine.collection([{ a: 1 }, { a: 1 }, { a: 1 }])
    const command = { delete: collection.collectionName, deletes: [{ q: { a: 1 }, limit: 1 }], ...numbered() }
    expect(await sender.send(command)).toEqual({ n: 1, ok: 1 })
    expect(await sender.send(command)).toMatchObject({ n: 1, ok: 1 })
    expect(await collection.countDocuments()).toBe(2)
  })

  it('findAndModify: the first answer, also where the document has changed or gone since', async () => {
    const collection = await engine.collection([{ _id: 1, n: 0 }])
    const find = { findAndModify: collection.collectionName, query: { _id: 1 }, sort: { n: 1 } }
    const command = { ...find, update: { $inc: { n: 1 } }, new: true, ...numbered() }
    const first = await sender.send(command)
    expect(first).toMatchObject({ value: { _id: 1, n: 1 }, lastErrorObject: { n: 1, updatedExisting: true } })
    await collection.updateOne({ _id: 1 }, { $inc: { n: 10 } })
    expect(await sender.send(command)).toEqual(first)
    const remove = { ...find, remove: true, ...numbered() }
    const removed = await sender.send(remove)
    expect(removed).toMatchObject({ value: { _id: 1, n: 11 } })
    expect(await sender.send(remove)).toEqual(removed)
  })

  it('a batch that has failed in the middle goes on where it failed', async () => {
    const collection = await engine.collection([{ _id: 2 }])
    const command = { insert: collection.collectionName, documents: [1, 2, 3].map((_id) => ({ _id })), ...numbered() }
    expect(await sender.send(command)).toMatchObject({ n: 1, writeErrors: [{ index: 1, code: 11_000 }] })
    await collection.deleteOne({ _id: 2 })
    expect(await sender.send(command)).toMatchObject({ n: 3, retriedStmtIds: [0] })
    expect(await collection.countDocuments()).toBe(3)
  })

  it('two at once on two connections are one', async () => {
    const collection = await engine.collection([{ _id: 1, n: 0 }])
    const other = await Sender.to(engine.uri, engine.database)
    for (let i = 1; i <= 20; i++) {
      const updates = [{ q: { _id: 1 }, u: { $inc: { n: 1 } } }]
      const command = { update: collection.collectionName, updates, ...numbered() }
      const replies = await Promise.all([sender.send(command), other.send(command)])
      for (const reply of replies) expect(reply).toMatchObject({ n: 1, nModified: 1 })
    }
    await other.end()
    expect(await collection.findOne()).toEqual({ _id: 1, n: 20 })
  })

  it('after a restart too', async () => {
    const dbpath = await mkdtemp(join(tmpdir(), 'engine-retry-'))
    const command = { update: 'c', updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } }, upsert: true }], ...numbered(7) }
    const replies: Document[] = []
    for (let i = 0; i < 3; i++) {
      const started = await startEngine({ dbpath })
      const again = await Sender.to(started.uri, 'd')
      replies.push(await again.send(command))
      expect(await again.send({ find: 'c' })).toMatchObject({ cursor: { firstBatch: [{ _id: 1, n: 1 }] } })
      await again.end()
      await started.kill()
    }
    await rm(dbpath, { recursive: true, force: true })
    const { retriedStmtIds, ...second } = replies[1]!
    expect(second).toEqual(replies[0])
    expect(retriedStmtIds).toEqual([0])
    expect(replies[2]).toEqual(replies[1])
  }, 60_000)
})

describe('numbers', () => {
  it('an older one is refused, a newer one is another write', async () => {
    const collection = await engine.collection()
    const { lsid } = numbered()
    const insert = (number: number, _id: number) =>
      sender.send({ insert: collection.collectionName, documents: [{ _id }], ...numbered(number, lsid.id) })
    expect(await insert(5, 1)).toEqual({ n: 1, ok: 1 })
    expect(await insert(4, 2)).toMatchObject({ ok: 0, code: 225, codeName: 'TransactionTooOld' })
    expect(await insert(6, 3)).toEqual({ n: 1, ok: 1 })
    expect(await insert(5, 1)).toMatchObject({ ok: 0, code: 225 })
    expect(await collection.countDocuments()).toBe(2)
  })

  it('many documents, and what is no write, are refused', async () => {
    const { collectionName } = await engine.collection([{ a: 1 }])
    const update = { update: collectionName, updates: [{ q: {}, u: { $set: { a: 2 } }, multi: true }], ...numbered() }
    const remove = { delete: collectionName, deletes: [{ q: {}, limit: 0 }], ...numbered() }
    for (const command of [update, remove]) expect(await sender.send(command)).toMatchObject({ ok: 0, code: 72 })
    expect(await sender.send({ find: collectionName, ...numbered() })).toMatchObject({ ok: 0, code: 50_768 })
    const { txnNumber } = numbered()
    expect(await sender.send({ insert: collectionName, documents: [{}], txnNumber })).toMatchObject({ ok: 0, code: 72 })
  })
})

it('the statements of one number that come in several commands', async () => {
  const collection = await engine.collection()
  const fields = numbered()
  const insert = (stmtId: number, ids: readonly number[]) =>
    sender.send({ insert: collection.collectionName, documents: ids.map((_id) => ({ _id })), stmtId, ...fields })
  expect(await insert(0, [1, 2])).toEqual({ n: 2, ok: 1 })
  expect(await insert(2, [3])).toEqual({ n: 1, ok: 1 })
  expect(await insert(1, [2, 3])).toEqual({ n: 2, ok: 1, retriedStmtIds: [1, 2] })
  expect(await collection.countDocuments()).toBe(3)
})
