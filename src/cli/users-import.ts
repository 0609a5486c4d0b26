import { randomUUID } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { type Command, Option } from 'commander'
import { isApiError } from '../client/errors'
import type { FieldError, NewUser } from '../client/types.gen'
import { type Context, type Surroundings, withContext } from './context'
import { UsageError } from './exit-codes'
import { withExamples } from './help'
import { concernsOneAlone, overMany } from './many'

const RUN = /^[A-Za-z0-9-]{1,64}$/

interface ImportOptions {
  readonly onConflict: 'fail' | 'skip'
  readonly resume?: string
}

interface Line {
  readonly number: number
  readonly text: string
}

interface Refusal {
  readonly line: number
  readonly code: string
  readonly message: string
  readonly errors: readonly FieldError[]
}

interface Tally {
  created: number
  skipped: number
  readonly refused: Refusal[]
}

/** Some lines were refused; they are told already. */
export class RefusedLinesError extends Error {}

/** `rollcall users import` */
export function addUsersImport(users: Command, around: Surroundings): void {
  withExamples(
    users
      .command('import <file>')
      .description('create users from a file of NDJSON, a user a line; - reads standard input')
      .addOption(
        new Option('--on-conflict <what>', 'with an e-mail address that is taken')
          .choices(['fail', 'skip'])
          .default('fail'),
      )
      .option('--resume <run>', 'go on with an import that ended early: what it created is not created again'),
    'users import people.ndjson',
    'users import people.ndjson --on-conflict skip --json',
  ).action(withContext<ImportOptions>(around, (context, options, file) => importUsers(context, options, file)))
}

async function importUsers(context: Context, { onConflict, resume }: ImportOptions, file: string): Promise<void> {
  if (resume !== undefined && !RUN.test(resume)) throw new UsageError('That is not the id of an import')
  const run = resume ?? randomUUID()
  const { client, signal, remark, tell } = context
  const total = file === '-' ? undefined : await countOf(file)
  const tally: Tally = { created: 0, skipped: 0, refused: [] }
  const bar = context.progress('Importing', total)
  const ending = await overMany(linesOf(file, signal), {
    signal,
    // The key says that it is this line of this run: done once, however often it is sent.
    work: async ({ number, text }, late) =>
      client.users.create(userIn(text), { signal: late, idempotencyKey: `import-${run}-${number}` }),
    goesOn: (error) => error instanceof LineError || concernsOneAlone(error),
    onOutcome: ({ item: { number }, error }) => {
      bar.tick()
      if (error === undefined) tally.created += 1
      else if (onConflict === 'skip' && isApiError(error, 'EMAIL_TAKEN')) tally.skipped += 1
      else if (error instanceof LineError || concernsOneAlone(error)) tally.refused.push(refusalOf(number, error))
    },
  }).finally(() => bar.end())

  const isOver = ending === undefined && !signal.aborted
  const refused = tally.refused.toSorted((one, other) => one.line - other.line)
  for (const { line, code, message } of refused) remark(`line ${line}: ${code}: ${message}`)
  tell(summaryOf(tally), { run, complete: isOver, created: tally.created, skipped: tally.skipped, refused })
  if (!isOver) remark(`Go on with:\n  rollcall users import ${file} --resume ${run}`)
  signal.throwIfAborted()
  if (ending) throw ending
  if (refused.length > 0) throw new RefusedLinesError()
}

function summaryOf({ created, skipped, refused }: Tally): string {
  const count = (number: number) => number.toLocaleString('en')
  return `Created ${count(created)} users, skipped ${count(skipped)}, refused ${count(refused.length)}`
}

/** The line is no user at all. */
class LineError extends Error {}

function userIn(text: string): NewUser {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as NewUser
  } catch {
    // told below
  }
  throw new LineError('The line is not a JSON object')
}

function refusalOf(line: number, error: unknown): Refusal {
  if (!isApiError(error)) return { line, code: 'MALFORMED_LINE', message: (error as Error).message, errors: [] }
  const why = error.errors.map(({ message }) => message).join('; ')
  return { line, code: error.code, message: why === '' ? error.reason : why, errors: error.errors }
}

/** They end when the signal aborts: at an open standard input nothing else would. */
async function* linesOf(file: string, signal?: AbortSignal): AsyncGenerator<Line> {
  const handle = file === '-' ? undefined : await open(file)
  let number = 0
  try {
    for await (const text of handle?.readLines({ signal }) ?? createInterface({ input: process.stdin, signal })) {
      number += 1
      if (text.trim() !== '') yield { number, text }
    }
  } finally {
    await handle?.close()
  }
}

/** How many lines there are; undefined for what can be read but once. @throws UsageError for what cannot be read at all */
async function countOf(file: string): Promise<number | undefined> {
  try {
    const about = await stat(file)
    if (about.isDirectory()) throw new UsageError(`${file} is a folder`)
    if (!about.isFile()) return undefined
    let count = 0
    for await (const { number } of linesOf(file)) count += Math.sign(number)
    return count
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
}
