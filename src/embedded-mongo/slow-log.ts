import { isDoc, readDoc } from './bson/doc'
import type { Doc } from './bson/doc'
import type { Message } from './wire/message'
import { FieldCut } from './wire/raw-bson'

/** MongoDB's default of slowms. */
export const SLOW_MS = 100
const LINE_LENGTH_MAX = 1_000
const DEPTH_MAX = 8
/** What of a command is told, by its shape. */
const TOLD = ['filter', 'query', 'q', 'pipeline', 'sort', 'hint', 'update', 'u', 'key', 'limit', 'skip', 'indexes']
/** What says where a command was sent, beside its name. */
const PLACE = ['$db', 'collection']
/** The lists of statements that write commands have; the first one is told. */
const STATEMENTS: readonly string[] = ['updates', 'deletes', 'ops']
/** Of longer commands the name is told, and how long they took: to read and plan them again takes long itself. */
const READ_BYTES_MAX = 64 * 1_024
/** What `explain` knows. */
const PLANNED: readonly string[] = ['find', 'count', 'distinct', 'aggregate', 'update', 'delete', 'findAndModify']

export interface SlowLogOptions {
  readonly thresholdMs: number
  readonly write: (line: string) => void
  /** The answer of `explain`, of a command that is not run. */
  readonly explain: (command: Doc, database: string) => Promise<unknown>
}

/**
 * A line on each command that took long. It has field names and operators, and `?` in the place of every value: what
 * people have stored does not belong into a log.
 */
export class SlowLog {
  readonly thresholdMs: number

  constructor(private readonly options: SlowLogOptions) {
    this.thresholdMs = options.thresholdMs
  }

  async note(name: string, { body, sequences }: Message, ms: number): Promise<void> {
    const isLong = body.length > READ_BYTES_MAX
    const command = isLong ? readDoc(new FieldCut('include', new Set([name, ...PLACE])).apply(body)) : readDoc(body)
    for (const field of STATEMENTS) {
      const [first] = sequences.get(field) ?? []
      if (first !== undefined && first.length <= READ_BYTES_MAX) command[field] = [readDoc(first)]
      else if (Array.isArray(command[field])) command[field] = command[field].slice(0, 1)
    }
    const database = String(command['$db'])
    const target = name === 'getMore' ? command['collection'] : command[name]
    const namespace = typeof target === 'string' ? `${database}.${target}` : database
    const isPlanned = PLANNED.includes(name) && typeof target === 'string'
    const plan = isPlanned && !isLong ? await this.plan(command, database) : ''
    const line = `slow: ${name} ${namespace} ${Math.round(ms)} ms${plan}${told(command)}`
    this.options.write(line.length <= LINE_LENGTH_MAX ? line : `${line.slice(0, LINE_LENGTH_MAX)}…`)
  }

  private async plan(command: Doc, database: string): Promise<string> {
    try {
      const summary = planSummary(await this.options.explain(command, database))
      return summary === '' ? '' : ` plan=${summary}`
    } catch {
      // What failed, or whose collection has gone, has no plan.
      return ''
    }
  }
}

function told(message: Doc): string {
  const [statement] = STATEMENTS.flatMap((field) => message[field] ?? []).filter(isDoc)
  const command = { ...message, ...statement }
  return TOLD.filter((field) => typeof command[field] === 'object' && command[field] !== null)
    .map((field) => ` ${field}=${JSON.stringify(shapeOf(command[field], field === 'sort' || field === 'hint'))}`)
    .join('')
}

function shapeOf(value: unknown, withNumbers: boolean, depth = 0): unknown {
  if (depth === DEPTH_MAX) return '…'
  if (Array.isArray(value)) {
    const [first, ...rest] = value as readonly unknown[]
    if (first === undefined) return []
    const isOfDocs = value.every(isDoc)
    if (isOfDocs) return value.slice(0, DEPTH_MAX).map((each) => shapeOf(each, withNumbers, depth + 1))
    return rest.length === 0 ? ['?'] : ['?', `${rest.length} more`]
  }
  if (!isDoc(value)) return withNumbers && Number.isFinite(Number(value)) ? Number(value) : '?'
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shapeOf(each, withNumbers, depth + 1)]))
}

/** The ways that an answer of `explain` names, such as `IXSCAN n_1`. */
function planSummary(explained: unknown): string {
  const found = new Set<string>()
  collectStages(explained, found)
  return [...found].join(',')
}

const ACCESS = /^(COLLSCAN|IXSCAN|IDHACK|COUNT_SCAN|EOF|RECORD_STORE_FAST_COUNT)$/

function collectStages(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) for (const each of value) collectStages(each, found)
  else if (isDoc(value)) {
    const { stage, indexName } = value
    if (typeof stage === 'string' && ACCESS.test(stage)) {
      found.add(typeof indexName === 'string' ? `${stage} ${indexName}` : stage)
    }
    for (const [name, each] of Object.entries(value)) if (name !== 'rejectedPlans') collectStages(each, found)
  }
}
