import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { LoadOrder, LoadReport } from './load'

/** The processes that make the load. */
export class Loaders {
  private readonly children: readonly ChildProcess[]

  constructor(count: number) {
    this.children = Array.from({ length: count }, () => fork(join(__dirname, 'load.ts')))
  }

  /** Spreads the operations in flight over the processes. Resolves to the time of every operation. */
  async run(order: LoadOrder): Promise<readonly number[]> {
    const working = this.children.slice(0, order.inFlight)
    const reports = working.map(async (child, i) => {
      const inFlight = Math.floor((order.inFlight + i) / working.length)
      const answer = once(child, 'message')
      child.send({ ...order, inFlight, firstFresh: order.firstFresh + i * 1e8 } satisfies LoadOrder)
      const [report] = (await answer) as [LoadReport | { readonly error: string }]
      if ('error' in report) throw new Error(`${order.operation}: ${report.error}`)
      return report.times
    })
    return (await Promise.all(reports)).flat()
  }

  get pids(): readonly number[] {
    return this.children.map(({ pid }) => pid ?? 0)
  }

  async end(): Promise<void> {
    await Promise.all(
      this.children.map(async (child) => {
        const gone = once(child, 'exit')
        child.send('end')
        await gone
      }),
    )
  }
}
