import { MongoClient } from 'mongodb'
import { useEngine } from './use-engine'
import { bodySection, msgDocument, opMsg, WireSocket } from './wire-socket'

const engine = useEngine()

const command = (document: object, requestId: number): Buffer => opMsg([bodySection(document)], requestId)

describe('commands that are sent before the answers to those before them', () => {
  it('are answered in order, whether they are answered at once or wait for the disk', async () => {
    await engine.collection()
    const socket = await WireSocket.open(engine.uri)
    const $db = engine.database
    const ofKind = [
      (n: number) => ({ insert: 'pipelined', documents: [{ _id: n, text: 'x'.repeat(1_000) }], $db }),
      (n: number) => ({ find: 'pipelined', filter: { _id: n - 1 }, $db }),
      () => ({ ping: 1, $db }),
      () => ({ find: 'pipelined', filter: {}, $db }),
      (n: number) => ({ update: 'pipelined', updates: [{ q: { _id: n - 4 }, u: { $set: { seen: true } } }], $db }),
    ]
    const count = 200
    socket.write(Buffer.concat(Array.from({ length: count }, (_, n) => command(ofKind[n % 5]?.(n) ?? {}, n + 1))))
    for (let n = 0; n < count; n++) {
      const message = await socket.next()
      expect(message?.responseTo).toBe(n + 1)
      const reply = msgDocument(message as NonNullable<typeof message>)
      expect(reply['ok']).toBe(1)
      if (n % 5 === 1) expect(reply['cursor'].firstBatch).toMatchObject([{ _id: n - 1 }])
      if (n % 5 === 4) expect(reply['nModified']).toBe(1)
    }
    await socket.end()
  })

  it('are answered where a large one has come in part while the one before it was at work', async () => {
    const { collectionName } = await engine.collection()
    const client = await MongoClient.connect(engine.uri, { maxPoolSize: 1 })
    const collection = client.db(engine.database).collection(collectionName)
    const documents = () => [1, 2, 3].map(() => ({ text: 'x'.repeat(1_500_000) }))
    // Nobody waits for the answers to these.
    const inserts = [1, 2, 3, 4].map(() => collection.insertMany(documents(), { writeConcern: { w: 0 } }))
    await Promise.all(inserts)
    expect(await collection.countDocuments()).toBe(12)
    await client.close()
  })

  it('are answered, also when nonsense follows', async () => {
    const socket = await WireSocket.open(engine.uri)
    socket.write(Buffer.concat([command({ ping: 1, $db: 'admin' }, 1), Buffer.from([1, 0, 0, 0, 1, 2, 3, 4])]))
    expect((await socket.next())?.responseTo).toBe(1)
    expect(await socket.next()).toBeUndefined()
  })
})
