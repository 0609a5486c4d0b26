import { inspect } from 'node:util'

/** A line of the report. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function printError(error: unknown): void {
  process.stderr.write(`${inspect(error)}\n`)
}

/** Runs a benchmark; the exit code is 1 when it fails. */
export function runProgram(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    printError(error)
    process.exitCode = 1
  })
}
