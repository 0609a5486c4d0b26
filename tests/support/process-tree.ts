import { readFileSync, readdirSync } from 'node:fs'

/** One running process, as /proc shows it (Linux). */
export interface RunningProcess {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** All that descend from a process, itself not among them. */
export function descendants(root: number): RunningProcess[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)))
  const found: RunningProcess[] = []
  const walk = (parent: number) => {
    for (const child of all.filter((one) => one.parent === parent)) {
      found.push(child)
      walk(child.pid)
    }
  }
  walk(root)
  return found
}

/** Whether it runs: a zombie, which only waits for its parent to look, does not. */
export function isRunning(pid: number): boolean {
  return readProcess(pid).length > 0
}

function readProcess(pid: number): RunningProcess[] {
  try {
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    return state === 'Z' ? [] : [{ pid, parent: Number(parent), command }]
  } catch {
    return [] // it ended while we looked
  }
}
