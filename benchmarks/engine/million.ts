import { readFileSync } from 'node:fs'
import { type Collection, MongoClient } from 'mongodb-6.3'
import { cpuSeconds } from '../processes'
import { table } from '../report'
import { quantile } from '../window'
import { CONTENDERS, start } from './contenders'
import { INDEXES, PAGE_SIZE, userDocument } from './operations'
import { print } from '../program'

const SMALL = 1_000
const BATCH_DOCUMENTS = 1_000
const BATCHES_IN_FLIGHT = 4
const PAGES = 2_000
const ROUNDS = 5

/** Loads many documents, then reads pages of them and of a thousand, in turn. Says what memory the engine took. */
export async function measureMillion(documents: number): Promise<void> {
  const [engine] = CONTENDERS
  const server = await start(engine!)
  const client = await MongoClient.connect(server.uri)
  try {
    const [small, large] = [client.db('bench').collection('small'), client.db('bench').collection('large')]
    await load(small, SMALL)
    print(memory(server.pid, 'before'))
    const [begin, cpuBefore] = [performance.now(), cpuSeconds(server.pid)]
    await load(large, documents)
    const [seconds, cpu] = [(performance.now() - begin) / 1_000, cpuSeconds(server.pid) - cpuBefore]
    const each = ((cpu * 1e6) / documents).toFixed(0)
    print(`${documents} documents in ${seconds.toFixed(0)} s, ${each} µs of the engine's CPU each`)
    print(memory(server.pid, 'loaded'))
    await comparePages(small, large, documents, server.pid)
    print(memory(server.pid, 'after the pages'))
  } finally {
    await client.close()
    await server.stop()
  }
}

async function load(users: Collection, documents: number): Promise<void> {
  await users.createIndexes([...INDEXES])
  let next = 0
  const work = async () => {
    for (let from = next; from < documents; from = next) {
      next += BATCH_DOCUMENTS
      const count = Math.min(BATCH_DOCUMENTS, documents - from)
      await users.insertMany(Array.from({ length: count }, (_, i) => userDocument(from + i)))
    }
  }
  await Promise.all(Array.from({ length: BATCHES_IN_FLIGHT }, work))
}

type Page = (users: Collection, documents: number) => Promise<unknown>

const somewhere = (documents: number): Date => new Date(1.7e12 + Math.random() * (documents - PAGE_SIZE) * 1_000)

const PAGE_KINDS: Readonly<Record<string, Page>> = {
  'first page': (users) => users.find().sort({ created_at: -1 }).limit(PAGE_SIZE).toArray(),
  'a page in the middle': (users, documents) =>
    users
      .find({ created_at: { $gte: somewhere(documents) } })
      .sort({ created_at: 1 })
      .limit(PAGE_SIZE)
      .toArray(),
}

async function comparePages(small: Collection, large: Collection, documents: number, pid: number): Promise<void> {
  const rows: string[][] = []
  for (const [name, page] of Object.entries(PAGE_KINDS)) {
    const sizes = [
      { users: small, documents: SMALL, times: [] as number[], cpu: 0 },
      { users: large, documents, times: [] as number[], cpu: 0 },
    ]
    for (let round = -1; round < ROUNDS; round++) {
      for (const size of sizes) {
        const cpuBefore = cpuSeconds(pid)
        for (let i = 0; i < PAGES / ROUNDS; i++) {
          const sent = performance.now()
          await page(size.users, size.documents)
          // The first round warms up.
          if (round >= 0) size.times.push(performance.now() - sent)
        }
        if (round >= 0) size.cpu += cpuSeconds(pid) - cpuBefore
      }
    }
    const figures = sizes.map(({ times, cpu }) => ({
      p50: quantile(
        times.sort((a, b) => a - b),
        0.5,
      ),
      cpuUs: (cpu * 1e6) / times.length,
    }))
    const [few, many] = figures as [(typeof figures)[0], (typeof figures)[0]]
    rows.push([
      name,
      `${few.p50.toFixed(2)} ms`,
      `${many.p50.toFixed(2)} ms`,
      (many.p50 / few.p50).toFixed(2),
      `${few.cpuUs.toFixed(0)} µs`,
      `${many.cpuUs.toFixed(0)} µs`,
      (many.cpuUs / few.cpuUs).toFixed(2),
    ])
  }
  const header = [
    `page of ${PAGE_SIZE}, one at a time`,
    `p50 of ${SMALL}`,
    `p50 of ${documents}`,
    'ratio',
    `CPU of ${SMALL}`,
    `CPU of ${documents}`,
    'ratio',
  ]
  print(`\n${table(header, rows)}\n`)
}

/** Pages of lmdb's file that are mapped count as resident, and go when others need the room; the rest is the engine's own. */
function memory(pid: number, when: string): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mib = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024).toFixed(0)
  return `memory, ${when}: ${mib('VmRSS')} MiB resident (at most ${mib('VmHWM')}): ${mib('RssAnon')} its own, ${mib('RssFile')} of files`
}
