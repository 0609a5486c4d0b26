'use strict'
/*
 * Loaded into the engine by a test (node --require): how long its one thread kept everybody waiting. Of a gap the time
 * counts for which that thread had a processor: what others on the machine take is not the engine's doing.
 */
const { readFileSync } = require('node:fs')

const TICK_MS = 2
let worst = { gapMs: 0, cpuMs: 0 }
let lastMs = performance.now()
let lastCpuMs = threadCpuMs()
function look() {
  const [nowMs, cpuMs] = [performance.now(), threadCpuMs()]
  const gap = { gapMs: nowMs - lastMs, cpuMs: Math.min(cpuMs - lastCpuMs, nowMs - lastMs) }
  if (gap.cpuMs > worst.cpuMs) worst = gap
  lastMs = nowMs
  lastCpuMs = cpuMs
}
setInterval(look, TICK_MS).unref()
process.on('message', (message) => {
  if (message !== 'worst-gap') return
  // The question may come before the tick that is late.
  look()
  process.send({ type: 'worst-gap', ...worst })
  worst = { gapMs: 0, cpuMs: 0 }
})

/** Of the main thread alone where the system tells it (Linux); else of the whole process. */
function threadCpuMs() {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[0]) / 1e6
  } catch {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  }
}
