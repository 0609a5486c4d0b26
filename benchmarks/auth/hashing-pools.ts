import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { compare, compareSync, hashSync } from 'bcrypt'
import Piscina from 'piscina'
import { table } from '../report'
import { quantile } from '../window'
import { print, runProgram } from '../program'

/**
 * Where to hash: two ways, and how many at once, in as many processes as there are cores. Each process hashes as fast as
 * it can, while its event loop does what a request costs every few milliseconds; what counts is how many hashes there
 * are, and how late the loop comes to its work.
 *   tsx benchmarks/auth/hashing-pools.ts [seconds of each window]
 */
interface Candidate {
  readonly name: string
  readonly kind: 'libuv' | 'threads'
  readonly concurrency: number
  readonly niceness: number
}

interface Outcome {
  readonly hashes: number
  readonly delays: readonly number[]
}

const COST = 12
const WORKER = join(__dirname, '../../src/passwords/hashing-worker.cjs')
const REQUEST_EVERY_MS = 5
/** CPU time of one request, as GET by id takes it. */
const REQUEST_MS = 0.3
const CORES = availableParallelism()
/** The best of them counts: strangers can only make it worse. */
const ROUNDS = 3

const CANDIDATES: readonly Candidate[] = [
  { name: 'libuv, as many as cores', kind: 'libuv', concurrency: CORES, niceness: 0 },
  { name: 'libuv, one', kind: 'libuv', concurrency: 1, niceness: 0 },
  { name: 'threads, as many as cores', kind: 'threads', concurrency: CORES, niceness: 0 },
  { name: 'threads, as many as cores, nice 10', kind: 'threads', concurrency: CORES, niceness: 10 },
  { name: 'threads, as many as cores, nice 5', kind: 'threads', concurrency: CORES, niceness: 5 },
  { name: 'threads, one, nice 10', kind: 'threads', concurrency: 1, niceness: 10 },
]

async function measureHere(candidate: Candidate, seconds: number): Promise<Outcome> {
  const hash = hashSync('Password@123', COST)
  const pool =
    candidate.kind === 'threads'
      ? new Piscina({
          filename: WORKER,
          minThreads: candidate.concurrency,
          maxThreads: candidate.concurrency,
          workerData: { niceness: candidate.niceness },
        })
      : undefined
  const task = { password: 'Password@124', hashes: [hash] }
  const work = () => (pool ? pool.run(task, { name: 'compare' }) : compare(task.password, hash))
  await Promise.all(Array.from({ length: candidate.concurrency }, work))
  let hashes = 0
  const end = performance.now() + seconds * 1_000
  const client = async () => {
    while (performance.now() < end) {
      await work()
      hashes++
    }
  }
  const delays: number[] = []
  const clients = Promise.all(Array.from({ length: candidate.concurrency }, client))
  for (let due = performance.now() + REQUEST_EVERY_MS; due < end; due += REQUEST_EVERY_MS) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
    spin(REQUEST_MS)
    delays.push(performance.now() - due)
  }
  await clients
  await pool?.close()
  return { hashes, delays }
}

function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

async function inProcesses(candidate: Candidate, seconds: number): Promise<Outcome> {
  const children = Array.from({ length: CORES }, () => fork(__filename, [JSON.stringify(candidate), String(seconds)]))
  const outcomes = await Promise.all(children.map(async (child) => ((await once(child, 'message')) as [Outcome])[0]))
  return {
    hashes: outcomes.reduce((sum, { hashes }) => sum + hashes, 0),
    delays: outcomes.flatMap(({ delays }) => [...delays]).sort((a, b) => a - b),
  }
}

/** Of one hash with the machine to itself, in milliseconds: the best of some. */
function hashMs(): number {
  const hash = hashSync('Password@123', COST)
  const times = Array.from({ length: 5 }, () => {
    const begin = performance.now()
    compareSync('Password@124', hash)
    return performance.now() - begin
  })
  return Math.min(...times)
}

async function main(): Promise<void> {
  const [first, second] = process.argv.slice(2)
  if (first?.startsWith('{')) {
    process.send?.(await measureHere(JSON.parse(first) as Candidate, Number(second)))
    process.disconnect()
    return
  }
  const seconds = Number(first ?? 4)
  const bound = (CORES * 1_000) / hashMs()
  const outcomes = new Map<Candidate, Outcome[]>(CANDIDATES.map((candidate) => [candidate, []]))
  // In turns, so that what strangers do meanwhile hits all of them.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [candidate, rounds] of outcomes) rounds.push(await inProcesses(candidate, seconds))
  }
  const rows = [...outcomes].map(([{ name }, rounds]) => {
    const perSecond = Math.max(...rounds.map(({ hashes }) => hashes)) / seconds
    const best = (q: number) => Math.min(...rounds.map(({ delays }) => quantile(delays, q))).toFixed(1)
    return [name, perSecond.toFixed(1), `${((100 * perSecond) / bound).toFixed(0)} %`, best(0.5), best(0.99), best(1)]
  })
  const header = ['pool of each process', 'hashes/s', 'of the bound', 'loop p50 ms', 'p99 ms', 'max ms']
  print(`${CORES} processes on ${CORES} cores, cost ${COST}; cores ÷ time of one hash: ${bound.toFixed(1)}/s\n`)
  print(table(header, rows))
}

runProgram(main)
