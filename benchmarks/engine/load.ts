import { MongoClient } from 'mongodb-6.3'
import { type OperationName, RUN } from './operations'

/** A process that keeps operations in flight: several of them, so that no driver is what is measured. */
export interface LoadOrder {
  readonly uri: string
  readonly operation: OperationName
  readonly inFlight: number
  readonly milliseconds: number
  readonly documents: number
  /** The number of the first document that this process may insert. */
  readonly firstFresh: number
}

export interface LoadReport {
  /** How long each operation took, in milliseconds. */
  readonly times: readonly number[]
}

const clients = new Map<string, MongoClient>()

async function work(order: LoadOrder): Promise<LoadReport> {
  const { uri, operation, documents, inFlight, milliseconds } = order
  let client = clients.get(uri)
  if (client === undefined) {
    client = new MongoClient(uri, { maxPoolSize: inFlight, minPoolSize: inFlight })
    clients.set(uri, client)
  }
  let fresh = order.firstFresh
  const context = { users: client.db('bench').collection('users'), documents, fresh: () => fresh++ }
  const run = RUN[operation]
  const times: number[] = []
  const end = performance.now() + milliseconds
  const one = async () => {
    for (let sent = performance.now(); sent < end; sent = performance.now()) {
      await run(context as never)
      times.push(performance.now() - sent)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, one))
  return { times }
}

process.on('message', (order: LoadOrder | 'end') => {
  if (order === 'end') {
    void Promise.all([...clients.values()].map((client) => client.close())).then(() => process.disconnect())
    return
  }
  work(order).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})
