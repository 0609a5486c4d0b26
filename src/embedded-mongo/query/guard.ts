import { createContext, Script } from 'node:vm'
import type { Context } from 'node:vm'
import { counted } from '../bson/effort'
import { CommandError } from '../bson/errors'

/*
 * What may take for ever, such as a regular expression that backtracks or arrays that are mapped over arrays, runs in the
 * engine's one thread, but under a watch: V8 can be stopped from another thread in the middle of it. That costs 0.3 to
 * 0.45 ms, so it is for what is not known to be harmless.
 */

/** How long the work on one document may keep everybody else waiting. Beyond that the command fails. */
export const GUARDED_MS_MAX = 30
/** On a busy machine the time may be up before the work has had its share of a processor: then it begins anew, with more. */
const ATTEMPTS_MAX = 4
/** Each has so much more time than the one before. */
const ATTEMPT_GROWTH = 1.5
const PROCESSOR_SHARE_MIN = 0.6
/** Steps (see bson/effort) that are made without a watch: some milliseconds. */
const FREE_STEPS = 20_000

const NEEDS_GUARD = new Error('needs a guard')

/** What is thrown through work in order to run it again: no error of that work. */
export function isRestart(error: unknown): boolean {
  return error === NEEDS_GUARD
}

/** What the thread is in. All of it is synchronous. */
let inside: 'nothing' | 'trial' | 'guard' = 'nothing'

/** Work on more than that begins under the watch: to copy its fields once may take longer than anybody should wait. */
const FREE_BYTES = 1_024 * 1_024

/**
 * Runs the work on one document, or on `bytes` of it: freely, unless it turns out to be costly, or to be much; then again, under guard. So it
 * must be possible to break it off anywhere and to begin anew.
 */
export function guarded<T>(run: () => T, bytes = 0): T {
  if (inside !== 'nothing') return run()
  if (bytes > FREE_BYTES) return underGuard(run)
  inside = 'trial'
  try {
    return counted(FREE_STEPS, NEEDS_GUARD, run)
  } catch (error) {
    if (error !== NEEDS_GUARD) throw error
  } finally {
    inside = 'nothing'
  }
  return underGuard(run)
}

/** A part of the work that may take for ever. Throws MaxTimeMSExpired (50) when it takes longer than one may wait. */
export function costly<T>(run: () => T, msMax = GUARDED_MS_MAX): T {
  if (inside === 'guard') return run()
  if (inside === 'trial') throw NEEDS_GUARD
  return underGuard(run, msMax)
}

function underGuard<T>(run: () => T, msMax: number = GUARDED_MS_MAX): T {
  inside = 'guard'
  try {
    for (let attempt = 1; ; attempt++) {
      const before = process.cpuUsage()
      try {
        return runStoppably(run, Math.round(msMax * ATTEMPT_GROWTH ** (attempt - 1)))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
        const { user, system } = process.cpuUsage(before)
        const enough = (user + system) / 1_000 >= msMax * PROCESSOR_SHARE_MIN
        if (enough || attempt === ATTEMPTS_MAX) throw tookTooLong(msMax)
      }
    }
  } finally {
    inside = 'nothing'
  }
}

const script = new Script('run()')
let sandbox: (Context & { run?: () => unknown }) | undefined

function runStoppably<T>(run: () => T, timeout: number): T {
  sandbox ??= createContext({})
  sandbox.run = run
  // Else Node looks for the place in the source of whatever is thrown, which takes longer than most work.
  return script.runInContext(sandbox, { timeout, displayErrors: false }) as T
}

function tookTooLong(ms: number): CommandError {
  const message = `operation exceeded time limit: one document, one stage, or one regular expression, took more than ${ms} ms`
  return new CommandError(50, 'MaxTimeMSExpired', message)
}
