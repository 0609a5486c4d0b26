import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { Environment } from '../../../../src/embedded-mongo/storage/environment'
import type { Snapshot } from '../../../../src/embedded-mongo/storage/snapshot'
import type { StoredTree } from '../../../../src/embedded-mongo/storage/stored-tree'
import { WHOLE_TREE } from '../../../../src/embedded-mongo/storage/tree'

/*
 * What is read of a store is what was written, wherever that stands at the moment: in memory, on its way into lmdb, or
 * there. A map is the model.
 */
const RUNS = Number(process.env['STORE_RUNS'] ?? 60)
const TEST_MS = 30_000 + RUNS * 500

let folder: string
let environment: Environment
let tree: StoredTree
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'environment-'))
  open()
  // There are none in the beginning.
  await environment.takeTrees(1)
  tree = environment.tree(1)
})
afterEach(async () => {
  await environment.close()
  rmSync(folder, { recursive: true })
})

function open(): void {
  environment = Environment.open({ folder, durable: true, checkpointMs: 60_000 })
}

const keyOf = (n: number): Buffer => Buffer.from([1, n])
const valueOf = (text: string): Buffer => Buffer.from(text)

type Model = Map<number, string>

function write(model: Model, n: number, text: string | undefined): void {
  const key = keyOf(n)
  if (text === undefined) expect(tree.remove(key)).toBe(model.delete(n))
  else {
    if (tree.has(key)) tree.replace(key, valueOf(text))
    else tree.insert(key, valueOf(text))
    model.set(n, text)
  }
}

async function writeOneByOne(model: Model, changes: readonly (readonly [number, string | undefined])[]): Promise<void> {
  const left = [...changes]
  await environment.writeInSteps(() => {
    const [next] = left.splice(0, 1)
    if (next !== undefined) write(model, ...next)
    return left.length === 0
  })
}

interface RangeQuestion {
  readonly from: number
  readonly to: number | undefined
  readonly direction: 1 | -1
  readonly after: number | undefined
  readonly offset: number
}

function expectSame(model: Model, { from, to, direction, after, offset }: RangeQuestion, snapshot?: Snapshot): void {
  for (let n = from; n < from + 5; n++) expect(tree.get(keyOf(n), snapshot)?.toString()).toBe(model.get(n))
  const inRange = [...model.keys()]
    .filter((n) => n >= from && (to === undefined || n < to))
    .sort((a, b) => direction * (a - b))
  const range = { start: keyOf(from), end: to === undefined ? undefined : keyOf(to) }
  const expected = inRange.filter((n) => after === undefined || direction * (n - after) > 0).slice(offset)
  const found = [...tree.range(range, direction, after === undefined ? undefined : keyOf(after), offset, snapshot)]
  expect(found.map(({ key, value }) => [key[1], value.toString()])).toEqual(expected.map((n) => [n, model.get(n)]))
  expect(tree.countIn(range, snapshot)).toBe(inRange.length)
  expect(tree.countUpTo(range, 3, snapshot)).toBe(Math.min(3, inRange.length))
  if (snapshot === undefined) {
    expect(tree.isEmpty(range)).toBe(inRange.length === 0)
    expect(tree.count).toBe(model.size)
  }
}

const number = fc.integer({ min: 0, max: 60 })
const rangeQuestion: fc.Arbitrary<RangeQuestion> = fc
  .record({
    from: number,
    length: fc.option(number, { nil: undefined }),
    direction: fc.constantFrom(1 as const, -1 as const),
    after: fc.option(number, { nil: undefined }),
    offset: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 })),
  })
  .map(({ from, length, direction, after, offset }) => {
    const to = length === undefined ? undefined : from + length
    // A range is gone on with from a key within it.
    const isInside = after !== undefined && after >= from && (to === undefined || after < to)
    return { from, to, direction, after: isInside ? after : undefined, offset }
  })
const change = fc.tuple(number, fc.option(fc.string({ maxLength: 4 }), { nil: undefined, freq: 2 }))
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      changes: fc.array(change, { maxLength: 12 }),
      inSteps: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const), question: rangeQuestion }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('snapshot' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('checkpoint' as const), awaited: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
)

it(
  `any ${RUNS} courses of writes, checkpoints, snapshots and restarts: every reader sees what it should`,
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), rangeQuestion, async (steps, question) => {
        const model: Model = new Map()
        let snapshots: { snapshot: Snapshot; model: Model }[] = []
        await environment.writeDirectly(() => tree.clear())
        for (const each of steps) {
          if (each.kind === 'write') {
            if (each.inSteps) await writeOneByOne(model, each.changes)
            else await environment.write(() => each.changes.forEach(([n, text]) => write(model, n, text)))
          } else if (each.kind === 'read') expectSame(model, each.question)
          else if (each.kind === 'snapshot') snapshots.push({ snapshot: environment.snapshot(), model: new Map(model) })
          else if (each.kind === 'checkpoint') {
            const done = environment.writeDirectly(() => undefined)
            if (each.awaited) await done
          } else {
            for (const { snapshot } of snapshots) snapshot.close()
            snapshots = []
            await environment.close()
            open()
            tree = environment.tree(1)
          }
          for (const { snapshot, model: then } of snapshots) expectSame(then, question, snapshot)
          expectSame(model, question)
        }
        for (const { snapshot } of snapshots) snapshot.close()
      }),
      { numRuns: RUNS },
    )
  },
  TEST_MS,
)

it('what is written is seen by the next write at once, and by readers when it is on disk', async () => {
  await environment.write(() => tree.insert(keyOf(1), valueOf('old')))
  let isOnDisk = false
  const writing = environment.write(() => tree.replace(keyOf(1), valueOf('new'))).then(() => (isOnDisk = true))
  const seenByAnother = environment.write(() => tree.get(keyOf(1))?.toString())
  const seen = new Set<string>()
  while (!isOnDisk) {
    seen.add(tree.get(keyOf(1))!.toString())
    await turn()
  }
  await writing
  expect([...seen]).toEqual(['old'])
  expect(tree.get(keyOf(1))?.toString()).toBe('new')
  expect(await seenByAnother).toBe('new')
})

it(
  `${RUNS} large writes one upon another, each of which is on its way into lmdb when the next one comes`,
  async () => {
    const KEYS = 1_500
    const WRITES = 900
    await environment.close()
    environment = Environment.open({ folder, durable: true, checkpointMs: 1 })
    tree = environment.tree(1)
    const key = (n: number): Buffer => Buffer.from(`k${String(n).padStart(4, '0')}`)
    const model = new Map<string, string>()
    const anyBelow = (end: number): number => Math.floor(Math.random() * end)
    const expectModel = (then: ReadonlyMap<string, string>, snapshot?: Snapshot) => {
      const names = [...then.keys()].sort()
      expect(tree.countIn(WHOLE_TREE, snapshot)).toBe(names.length)
      const offset = anyBelow(names.length)
      const [upwards] = tree.range(WHOLE_TREE, 1, undefined, offset, snapshot)
      const [downwards] = tree.range(WHOLE_TREE, -1, undefined, offset, snapshot)
      expect([upwards?.key, downwards?.key].map(String)).toEqual([names[offset], names[names.length - 1 - offset]])
      const all = [...tree.range(WHOLE_TREE, 1, undefined, 0, snapshot)].map((entry) => [
        entry.key.toString(),
        entry.value.toString(),
      ])
      expect(all).toEqual(names.map((name) => [name, then.get(name)]))
    }
    const kept: { snapshot: Snapshot; then: ReadonlyMap<string, string> }[] = []
    for (let run = 0; run < RUNS; run++) {
      await environment.write(() => {
        for (let i = 0; i < WRITES; i++) {
          const each = key(anyBelow(KEYS))
          const name = each.toString()
          if (model.has(name) && anyBelow(3) === 0) expect(tree.remove(each)).toBe(model.delete(name))
          else {
            if (model.has(name)) tree.replace(each, valueOf(`v${run}`))
            else tree.insert(each, valueOf(`v${run}`))
            model.set(name, `v${run}`)
          }
        }
      })
      for (let turns = anyBelow(4); turns > 0; turns--) await turn()
      kept.push({ snapshot: environment.snapshot(), then: new Map(model) })
      expectModel(model)
      for (const { snapshot, then } of kept) expectModel(then, snapshot)
      if (kept.length > 3) kept.shift()?.snapshot.close()
    }
    for (const { snapshot } of kept) snapshot.close()
  },
  TEST_MS,
)

it(
  'a tree that is cleared while what it had is on its way into lmdb stays empty',
  async () => {
    await environment.close()
    environment = Environment.open({ folder, durable: true, checkpointMs: 1 })
    tree = environment.tree(1)
    const key = (n: number): Buffer => Buffer.from(`k${String(n).padStart(5, '0')}`)
    for (let round = 0; round < 15; round++) {
      const writes = Array.from({ length: 12 }, (_, i) =>
        environment.write(() => {
          for (let n = i * 1_000; n < (i + 1) * 1_000; n++) tree.insert(key(n), valueOf('x'.repeat(200)))
        }),
      )
      await Promise.all(writes.slice(0, 1 + (round % 12)))
      await environment.writeDirectly(() => tree.clear())
      await environment.writeDirectly(() => undefined)
      expect([round, tree.count, tree.countIn(WHOLE_TREE), [...tree.range(WHOLE_TREE, 1)].length]).toEqual([
        round,
        0,
        0,
        0,
      ])
    }
  },
  TEST_MS,
)

it('what is written in steps is seen when all of it is on disk, and no other write runs in between', async () => {
  await environment.close()
  environment = Environment.open({ folder, durable: true, checkpointMs: 1 })
  tree = environment.tree(1)
  const STEPS = 250
  const order: string[] = []
  const counts = new Set<number>()
  for (let round = 1; round <= 4; round++) {
    let step = 0
    const before = environment.write(() => order.push('before'))
    const inSteps = environment.writeInSteps(() => {
      order.push(`step of ${round}`)
      for (let i = 0; i < 40; i++) tree.insert(Buffer.from([round, step, i]), valueOf('x'.repeat(500)))
      return ++step === STEPS
    })
    const after = environment.write(() => order.push(`after ${tree.count}`))
    let isOver = false
    const over = Promise.all([before, inSteps, after]).then(() => (isOver = true))
    while (!isOver) {
      counts.add(tree.countIn(WHOLE_TREE)).add(tree.count)
      await turn()
    }
    await over
    expect(order.splice(0)).toEqual([
      'before',
      ...Array.from({ length: STEPS }, () => `step of ${round}`),
      `after ${round * STEPS * 40}`,
    ])
  }
  expect([...counts].filter((count) => count % (STEPS * 40) > 0)).toEqual([])
  await environment.close()
  open()
  tree = environment.tree(1)
  expect([tree.count, [...tree.range(WHOLE_TREE, 1)].length]).toEqual([4 * STEPS * 40, 4 * STEPS * 40])
})

const mountPoint = mkdtempSync(join(tmpdir(), 'environment-disk-'))
afterAll(() => rmSync(mountPoint, { recursive: true }))
const mount = (...args: readonly string[]) => spawnSync('mount', args).status === 0
const canMount = process.platform === 'linux' && mount('-t', 'tmpfs', 'tmpfs', mountPoint)
if (canMount) spawnSync('umount', [mountPoint])

;(canMount ? it : it.skip)(
  'steps that a full disk meets in the middle: nothing of them is there, nor comes back, and what was before stays',
  async () => {
    const folder = mountPoint
    // lmdb says there what it also throws.
    jest.spyOn(console, 'error').mockImplementation()
    let metInTheMiddle = 0
    for (const megabytes of [9, 10, 11, 12, 13, 14]) {
      mount('-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder)
      try {
        metInTheMiddle += await fillInTheMiddle(folder)
      } finally {
        spawnSync('umount', ['-l', folder])
      }
    }
    expect(metInTheMiddle).toBeGreaterThan(0)
    // It may say so later.
    await sleep(500)
  },
  TEST_MS,
)

/** Resolves to 1 when a checkpoint failed while steps were taken. */
async function fillInTheMiddle(folder: string): Promise<number> {
  const options = { folder, durable: true, checkpointMs: 60_000 }
  let environment = Environment.open(options)
  await environment.takeTrees(1)
  let tree = environment.tree(1)
  const key = (n: number) => Buffer.from(`k${n}`)
  let acknowledged = 0
  // The last of them are on their way into lmdb when the steps begin.
  for (; acknowledged < 8; acknowledged++) {
    const written = environment.write(() => tree.insert(key(acknowledged), Buffer.alloc(400_000, acknowledged)))
    if (!(await written.then(...SUCCESS))) break
  }
  let steps = 0
  const isThere = await environment
    .writeInSteps(() => {
      tree.insert(key(1_000 + steps), Buffer.alloc(1_000))
      return ++steps === 300
    })
    .then(...SUCCESS)
  const expected = Array.from({ length: acknowledged }, (_, n) => `k${n}`)
  if (isThere) expected.push(...Array.from({ length: 300 }, (_, n) => `k${1_000 + n}`))
  const keys = () => [...tree.range(WHOLE_TREE, 1)].map((entry) => entry.key.toString())
  expect(keys()).toEqual(expected.sort())
  mount('-o', 'remount,size=60m', folder)
  await environment.write(() => tree.insert(key(9_000), Buffer.alloc(1)))
  await environment.close()
  environment = Environment.open(options)
  tree = environment.tree(1)
  expect(keys()).toEqual([...expected, 'k9000'].sort())
  expect(tree.count).toBe(expected.length + 1)
  await environment.close()
  return Number(!isThere && steps > 0 && steps < 300)
}

const SUCCESS = [() => true, () => false] as const

it('what a step throws is passed on, and the next write runs', async () => {
  const failing = environment.writeInSteps(() => {
    if (tree.count === 3) throw new Error('no more')
    tree.insert(keyOf(tree.count), valueOf('a'))
    return false
  })
  const next = environment.write(() => tree.count)
  await expect(failing).rejects.toThrow('no more')
  expect(await next).toBe(3)
})

it('a snapshot keeps what it saw, through later writes and through lmdb', async () => {
  await environment.write(() => tree.insert(keyOf(1), valueOf('a')))
  const first = environment.snapshot()
  await environment.write(() => tree.replace(keyOf(1), valueOf('b')))
  const second = environment.snapshot()
  await environment.write(() => tree.remove(keyOf(1)))
  await environment.writeDirectly(() => undefined)
  await environment.write(() => tree.insert(keyOf(1), valueOf('c')))
  const read = (snapshot?: Snapshot) => [
    tree.get(keyOf(1), snapshot)?.toString(),
    [...tree.range(WHOLE_TREE, 1, undefined, 0, snapshot)].length,
    tree.countIn(WHOLE_TREE, snapshot),
  ]
  expect([read(first), read(second), read()]).toEqual([
    ['a', 1, 1],
    ['b', 1, 1],
    ['c', 1, 1],
  ])
  first.close()
  second.close()
})
