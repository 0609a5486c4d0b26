import mongoose, { type Connection } from 'mongoose'

export interface MongoOptions {
  readonly uri: string
  /** How long a call may take to find a server or a free connection, in milliseconds. */
  readonly deadlineMs: number
  /** Connections to each server. Each of them is one request in flight. */
  readonly poolSize: number
}

/** A socket that is silent for so long is given up, in milliseconds: it frees the pool behind a black hole. */
const SOCKET_TIMEOUT_MS = 30_000
const CONNECT_TIMEOUT_MS = 2_000
/** How often the driver looks whether the server is there: the time that a recovery can go unseen. */
const HEARTBEAT_MS = 1_000

/** Instead of the driver's own default, `test`, where the connection string names no database. */
const DATABASE = 'rollcall'
const NAMES_DATABASE = /^mongodb(?:\+srv)?:\/\/[^/]+\/[^?]/

/**
 * A connection of its own, beside mongoose's global one, with the safe settings: operators in values are never taken
 * from a client (`sanitizeFilter`), a filter over an unknown field throws, nothing waits in a queue for a connection, and
 * indexes are built when we say so.
 * @throws the driver's error when no server answers in `deadlineMs`.
 */
export async function connectMongo(options: MongoOptions): Promise<Connection> {
  const root = new mongoose.Mongoose()
  root.set('strictQuery', 'throw')
  root.set('sanitizeFilter', true)
  root.set('bufferCommands', false)
  root.set('autoIndex', false)
  root.set('autoCreate', false)
  const connection = root.createConnection(options.uri, {
    serverSelectionTimeoutMS: options.deadlineMs,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    socketTimeoutMS: SOCKET_TIMEOUT_MS,
    heartbeatFrequencyMS: HEARTBEAT_MS,
    waitQueueTimeoutMS: options.deadlineMs,
    maxPoolSize: options.poolSize,
    ...(NAMES_DATABASE.test(options.uri) ? {} : { dbName: DATABASE }),
  })
  // Without a listener an error of the monitor would end the process; each call reports its own.
  connection.on('error', () => undefined)
  return connection.asPromise()
}

/** The time of one round trip, in milliseconds. */
export async function pingMongo(connection: Connection): Promise<number> {
  const begin = performance.now()
  await connection.getClient().db('admin').command({ ping: 1 })
  return performance.now() - begin
}
