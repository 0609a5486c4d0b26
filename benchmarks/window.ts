import { busySeconds, cpuSeconds, residentMiB } from './processes'

/** What one window showed. Times are in milliseconds, memory in MiB, CPU in cores; `other` is everybody else's. */
export interface Figure {
  readonly name: string
  readonly per_second: number
  readonly p50: number
  readonly p99: number
  readonly errors: number
  readonly cpu: Readonly<Record<string, number>>
  readonly memory: Readonly<Record<string, number>>
}

export interface Sample {
  /** One entry per operation that succeeded, in milliseconds. */
  readonly times: number[]
  readonly errors: number
}

/** The value below which the share `q` of the sorted times lies. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN
}

/** The middle one of the values in order, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Runs the load and counts what the named processes used meanwhile. */
export async function measure(
  name: string,
  pids: Readonly<Record<string, number>>,
  load: () => Promise<Sample>,
): Promise<Figure> {
  const all = { ...pids, load: process.pid }
  const cpuNow = () => [...Object.values(all).map(cpuSeconds), busySeconds()]
  const [begin, before] = [performance.now(), cpuNow()]
  const { times, errors } = await load()
  const [seconds, after] = [(performance.now() - begin) / 1000, cpuNow()]
  times.sort((a, b) => a - b)
  const cores = after.map((value, index) => (value - before[index]!) / seconds)
  const busy = cores.pop()!
  const other = Math.max(0, busy - cores.reduce((sum, value) => sum + value, 0))
  const keyed = (value: (pid: number, index: number) => number, of: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(of).map(([key, pid], index) => [key, value(pid, index)]))
  return {
    name,
    per_second: times.length / seconds,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    errors,
    cpu: { ...keyed((_, index) => cores[index]!, all), other },
    memory: keyed(residentMiB, pids),
  }
}
