import { BSONError } from 'bson'
import { LARGE_BYTES, readDoc, readDocInPieces } from './bson/doc'
import type { Doc } from './bson/doc'
import { commandNotFound, CommandError } from './bson/errors'
import { checkApiVersion } from './commands/api-version'
import { Arguments } from './commands/arguments'
import { checkDatabase } from './commands/check-database'
import type { Command, CommandContext, ConnectionInfo, Reply } from './commands/command'
import { withRawParts } from './commands/raw-parts'
import { checkConcerns, sessionFields, unsatisfiedConcern } from './commands/parse-session'
import type { Engine } from './engine'
import { readLarge } from './execution/large-read'
import { SLICE_MS } from './execution/slice'
import { asPiece, inOwnTurn, nextTurn } from './turn'
import type { SessionFields } from './sessions/session-fields'
import { StatementLog } from './sessions/statement-log'
import { withTransactionLabels } from './sessions/error-labels'
import type { SlowLog } from './slow-log'
import { TransactionStore } from './store'
import type { Message } from './wire/message'
import { checkBson, firstFieldName, InvalidBsonError } from './wire/raw-bson'
import { ReplyComposer } from './wire/reply'

/** A message's command, understood as far as all commands are alike. */
interface Call {
  readonly command: Command
  readonly args: Arguments
  readonly hasSession: boolean
  readonly writeConcernError: Doc | undefined
}

/** A message that is being answered. */
interface Job {
  readonly name: string
  readonly message: Message
  readonly startedMs: number
  /** undefined: it has not been understood. */
  call: Call | undefined
}

function withConcern(reply: Reply, call: Call | undefined): Reply {
  return call?.writeConcernError === undefined ? reply : { ...reply, writeConcernError: call.writeConcernError }
}

function checkKnown(name: string, command: Command | undefined, { kind }: Message): asserts command is Command {
  if (kind === 'query' && command?.name !== 'hello') {
    const text = `Unsupported OP_QUERY command: ${name}. The client driver may require an upgrade.`
    throw new CommandError(352, 'UnsupportedOpQueryCommand', text)
  }
  if (command === undefined) throw commandNotFound(`no such command: '${name}'`)
}

/** Answers messages: finds the command, runs it, and turns what it throws into an error reply. */
export class Dispatcher {
  private readonly composer = new ReplyComposer()

  constructor(
    private readonly engine: Engine,
    private readonly commands: ReadonlyMap<string, Command>,
    /** Told of faults of this program, which the client learns nothing of. */
    private readonly onFault: (error: unknown, command: string) => void,
    private readonly slowLog: SlowLog,
  ) {}

  /** The answer's bytes; undefined where none is wanted. Synchronous when the command is. */
  answer(received: Message, connection: ConnectionInfo): Buffer | undefined | Promise<Buffer | undefined> {
    const startedMs = performance.now()
    const name = firstFieldName(received.body) ?? ''
    const command = this.commands.get(name)
    const message = command === undefined ? received : withRawParts(received, command)
    const job: Job = { name, message, startedMs, call: undefined }
    this.engine.counters.commands++
    try {
      checkKnown(name, command, message)
      checkBson(message.body)
      if (message.body.length > LARGE_BYTES) return this.settled(job, this.answerLarge(job, command, connection))
      job.call = this.understand(job, command, readDoc(message.body))
      const reply = this.begin(job.call, connection, message.repeated, startedMs)
      return reply instanceof Promise ? this.settled(job, reply) : this.succeeded(job, reply)
    } catch (error) {
      return this.failed(job, error)
    }
  }

  private settled(job: Job, reply: Promise<Reply>): Promise<Buffer | undefined> {
    return reply.then(
      (value) => this.succeeded(job, value),
      (error: unknown) => this.failed(job, error),
    )
  }

  /** What takes long to read is read in slices, and done in another turn. */
  private async answerLarge(job: Job, command: Command, connection: ConnectionInfo): Promise<Reply> {
    const { body, repeated } = job.message
    job.call = this.understand(job, command, await readLarge(() => readDocInPieces(body)))
    return this.begin(job.call, connection, repeated, job.startedMs)
  }

  private succeeded(job: Job, reply: Reply): Buffer | undefined {
    try {
      const bytes = this.compose(job, withConcern(reply, job.call), true)
      this.time(job)
      return bytes
    } catch (error) {
      return this.failed(job, error)
    }
  }

  private failed(job: Job, error: unknown): Buffer | undefined {
    const bytes = this.compose(job, this.errorReply(error, job.name), false)
    this.time(job)
    return bytes
  }

  private time({ message, call, startedMs }: Job): void {
    const ms = performance.now() - startedMs
    if (ms < this.slowLog.thresholdMs) return
    // One that streams waits because it is asked to; of one that was not understood nobody knows what it says.
    if (call === undefined || call.command.streams !== undefined) return
    inOwnTurn(() => {
      this.slowLog.note(call.command.name, message, ms).catch((error: unknown) => this.onFault(error, 'slow log'))
    })
  }

  /** `doc` is the message's body. */
  private understand({ name, message }: Job, command: Command, doc: Doc): Call {
    const args = new Arguments(name, doc, message.sequences, this.engine.operationMs)
    args.checkFields(command.fields)
    checkApiVersion(args, command)
    checkDatabase(command, name, message.kind === 'msg' ? args.database : 'admin')
    return { command, args, hasSession: args.has('lsid'), writeConcernError: unsatisfiedConcern(args) }
  }

  /** What it took long to understand is done in a turn of its own. */
  private begin(call: Call, connection: ConnectionInfo, repeated: boolean, startedMs: number): Reply | Promise<Reply> {
    const run = (): Reply | Promise<Reply> => this.run(call, connection, repeated)
    if (performance.now() - startedMs < SLICE_MS) return asPiece(startedMs, run)
    return nextTurn().then(() => asPiece(performance.now(), run))
  }

  private run({ command, args }: Call, connection: ConnectionInfo, repeated: boolean): Reply | Promise<Reply> {
    const { engine } = this
    const fields = sessionFields(args, command)
    checkConcerns(args, fields?.kind === 'transaction')
    const log = fields?.kind === 'retryable' ? this.logOf(fields) : undefined
    const context: CommandContext = { engine, connection, repeated, store: engine.store, fields, log }
    if (fields?.kind === 'transaction') return this.runInTransaction(command, args, context, fields)
    return command.run(args, context)
  }

  private logOf({ session, txnNumber }: SessionFields): StatementLog {
    this.engine.transactions.supersede(session, txnNumber)
    return new StatementLog(this.engine.records, session, txnNumber)
  }

  private async runInTransaction(
    command: Command,
    args: Arguments,
    context: CommandContext,
    fields: SessionFields,
  ): Promise<Reply> {
    try {
      if (command.inTransaction === 'only') return await command.run(args, context)
      return await this.engine.transactions.run(fields, (transaction) =>
        command.run(args, { ...context, store: new TransactionStore(transaction) }),
      )
    } catch (error) {
      throw withTransactionLabels(error)
    }
  }

  private compose({ message, call }: Job, reply: Doc, ok: boolean): Buffer | undefined {
    if (message.moreToCome) return undefined
    return this.composer.compose(message, reply, ok, {
      trailer: call?.hasSession === true ? this.engine.cluster.times() : undefined,
      moreToCome: ok && message.exhaustAllowed && call?.command.streams?.(call.args) === true,
    })
  }

  private errorReply(error: unknown, command: string): Doc {
    const { code, codeName, message, extra } = this.toCommandError(error, command)
    return { errmsg: message, code, codeName, ...extra }
  }

  private toCommandError(error: unknown, command: string): CommandError {
    if (error instanceof CommandError) return error
    if (error instanceof InvalidBsonError || error instanceof BSONError) {
      return new CommandError(22, 'InvalidBSON', `the command is not valid BSON: ${error.message}`)
    }
    if (error instanceof RangeError && error.message.includes('call stack')) {
      return new CommandError(15, 'Overflow', 'the command is nested too deeply')
    }
    this.onFault(error, command)
    return new CommandError(1, 'InternalError', 'internal error')
  }
}
