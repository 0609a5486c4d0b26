import { readFileSync } from 'node:fs'

/** How often it looks, in milliseconds. */
const PARENT_CHECK_MS = 500

/**
 * Calls `act` once, when the npm that started this process has gone. npm passes signals on, but SIGKILL gives it no time
 * to. Between npm and us there may be its shell, which waits for us and stays: then the shell's parent is watched as well.
 */
export function whenOrphaned(act: () => void): void {
  const isBelowShell = /^Name:\s+(sh|ash|bash|busybox|dash|ksh|zsh)$/m.test(statusOf(process.ppid))
  const ancestors = () => `${process.ppid} ${isBelowShell ? parentOf(process.ppid) : ''}`
  const before = ancestors()
  const timer = setInterval(() => {
    if (ancestors() === before) return
    clearInterval(timer)
    act()
  }, PARENT_CHECK_MS)
  timer.unref()
}

function parentOf(pid: number): string {
  return /^PPid:\s+(\d+)$/m.exec(statusOf(pid))?.[1] ?? ''
}

/** Linux shows it. Elsewhere the common shells replace themselves with the one command that npm gives them. */
function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}
