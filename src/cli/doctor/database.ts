import type { Connection } from 'mongoose'
import { messageOf } from '../message-of'
import type { Config } from '../../config'
import { connectMongo, pingMongo } from '../../mongo/connect'
import { redact } from '../../observability/redact'
import { ENGINE_PORT_DEFAULT } from '../command'
import { type Finding, ill, skipped, well } from './finding'
import { missingIndexes, wantedModels } from './indexes'
import { ownerOf } from './ports'

const CONNECTIONS_MAX = 4
/** What the driver speaks to. */
const MONGO_MAJOR_MIN = 5
const CLOCK_SKEW_MAX_MS = 5_000

/** Reachable, new enough, with every index that the service wants. It changes nothing there. */
export async function databaseFindings(config: Config): Promise<readonly Finding[]> {
  const { mongoUri, mongoEnginePort, mongoDeadlineMs: deadlineMs } = config
  const port = mongoEnginePort || ENGINE_PORT_DEFAULT
  if (mongoUri === undefined && (await ownerOf(port)) === undefined && mongoEnginePort === 0) {
    const why = 'the embedded engine, on a port of its own: set MONGO_ENGINE_PORT to have it looked at'
    return [skipped('mongo', why), skipped('indexes', 'with the database')]
  }
  let connection: Connection
  try {
    const uri = mongoUri ?? `mongodb://127.0.0.1:${port}`
    connection = await connectMongo({ uri, deadlineMs, poolSize: CONNECTIONS_MAX })
  } catch (error) {
    return [unreachable(mongoUri, port, error), skipped('indexes', 'with the database')]
  }
  try {
    return [await versionFinding(connection), await clockFinding(connection), await indexFinding(connection, config)]
  } catch (error) {
    return [ill('mongo', String(redact(messageOf(error))), 'Look at the rights of the user in MONGO_URI')]
  } finally {
    await connection.close()
  }
}

function unreachable(mongoUri: string | undefined, port: number, error: unknown): Finding {
  const why = String(redact(messageOf(error)))
  if (mongoUri === undefined) {
    return skipped('mongo', `the embedded engine does not listen on 127.0.0.1:${port} now: the service starts it`)
  }
  return ill('mongo', why, 'Look at MONGO_URI, whether that server runs, and whether a firewall is between')
}

async function versionFinding(connection: Connection): Promise<Finding> {
  const { version } = (await connection.getClient().db('admin').command({ buildInfo: 1 })) as { version: string }
  const ms = await pingMongo(connection)
  const detail = `version ${version}, ${ms.toFixed(1)} ms away, database ${connection.name}`
  if (Number(version.split('.')[0]) >= MONGO_MAJOR_MIN) return well('mongo', detail)
  return ill('mongo', detail, `Upgrade it: the service needs ${MONGO_MAJOR_MIN}.0 or later`)
}

async function clockFinding(connection: Connection): Promise<Finding> {
  const asked = Date.now()
  const { localTime } = (await connection.getClient().db('admin').command({ hello: 1 })) as { localTime?: Date }
  const there = localTime?.getTime() ?? asked
  const skewMs = Math.max(asked - there, there - Date.now(), 0)
  if (skewMs <= CLOCK_SKEW_MAX_MS) return well('mongo clock', 'the same as here')
  return ill('mongo clock', `${Math.round(skewMs / 1_000)} s away from here`, 'Set both clocks by NTP')
}

async function indexFinding(connection: Connection, config: Config): Promise<Finding> {
  const models = wantedModels(connection, { mailbox: config.smtpUrl === undefined && config.nodeEnv !== 'production' })
  const missing = await missingIndexes(models)
  if (missing.length === 0) return well('indexes', `all that the service wants, in ${models.length} collections`)
  return ill('indexes', `missing: ${missing.join('; ')}`, 'Start the service once: it builds what is missing')
}
