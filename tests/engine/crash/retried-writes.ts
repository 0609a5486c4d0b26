import { randomUUID } from 'node:crypto'
import { type Db, type Document, Long, UUID } from 'mongodb'
import { WireSocket, bodySection, msgDocument, opMsg } from '../wire-socket'
import { DATABASE, type Workload, type Writer } from './workload'

/** One session: numbered writes, of which the last may not have been answered. */
interface Session {
  readonly _id: string
  readonly lsid: Document
  /** Writes that have been sent, whether they were answered or not. */
  sent: number
  answered: number
  last: Document | undefined
}

/** Retryable writes, each with its number. The one that a crash left without an answer is sent again. */
export class RetriedWrites implements Workload {
  readonly collections = ['counters', 'steps']
  private readonly sessions: Session[] = []

  get acknowledged(): number {
    return this.sessions.reduce((sum, { answered }) => sum + answered, 0)
  }

  async prepare(db: Db): Promise<void> {
    await db.collection('counters').createIndexes([{ key: { n: 1 } }, { key: { steps: 1 } }])
    await db.collection('steps').createIndexes([{ key: { writer: 1, step: 1 }, unique: true }])
  }

  async write({ uri, name }: Writer): Promise<void> {
    const session: Session = { _id: name, lsid: { id: new UUID(randomUUID()) }, sent: 0, answered: 0, last: undefined }
    this.sessions.push(session)
    const socket = await WireSocket.open(uri)
    try {
      for (;;) {
        session.last = numberedWrite(session, ++session.sent)
        await send(socket, session.last)
        session.answered++
      }
    } catch {
      await socket.end()
    }
  }

  async check(db: Db, uri: string): Promise<void> {
    const socket = await WireSocket.open(uri)
    for (const session of this.sessions) {
      if (session.last === undefined) continue
      const first = await send(socket, session.last)
      expect(await send(socket, session.last)).toMatchObject({
        n: first['n'] as number,
        retriedStmtIds: expect.anything(),
      })
      session.answered = session.sent
    }
    await socket.end()
    const counters = await db.collection<{ _id: string; n: number; steps: number[] }>('counters').find().toArray()
    const steps = await db.collection('steps').find().sort({ writer: 1, step: 1 }).toArray()
    for (const { _id, sent } of this.sessions) {
      const counter = counters.find((each) => each._id === _id)
      expect([_id, counter?.n ?? 0, counter?.steps.length ?? 0]).toEqual([
        _id,
        Math.ceil(sent / 2),
        Math.ceil(sent / 2),
      ])
      expect(steps.filter(({ writer }) => writer === _id)).toHaveLength(Math.floor(sent / 2) * 3)
    }
  }
}

/** In turn: a change that must not be made twice, and three documents that cannot be there twice. */
function numberedWrite({ _id, lsid }: Session, number: number): Document {
  const fields = { lsid, txnNumber: Long.fromNumber(number), $db: DATABASE }
  if (number % 2 === 1) {
    const u = { $inc: { n: 1 }, $push: { steps: number } }
    return { update: 'counters', updates: [{ q: { _id }, u, upsert: true }], ...fields }
  }
  const documents = [0, 1, 2].map((part) => ({ _id: `${_id}:${number}:${part}`, writer: _id, step: number * 3 + part }))
  return { insert: 'steps', documents, ...fields }
}

async function send(socket: WireSocket, command: Document): Promise<Document> {
  const reply = msgDocument(await socket.request(opMsg([bodySection(command)])))
  expect(reply).toMatchObject({ ok: 1, n: command['insert'] === undefined ? 1 : 3 })
  expect(reply).not.toHaveProperty('writeErrors')
  return reply
}
