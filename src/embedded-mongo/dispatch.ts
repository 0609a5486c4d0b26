import { BSONError } from 'bson'
import { isDoc, readDoc } from './bson/doc'
import type { Doc } from './bson/doc'
import { badValue, commandNotFound, CommandError, illegalOperation, unauthorized } from './bson/errors'
import { toNumber } from './bson/exact'
import { isNumeric } from './bson/types'
import { Arguments } from './commands/arguments'
import type { Command, CommandContext, ConnectionInfo, Reply } from './commands/command'
import type { Engine } from './engine'
import type { Message } from './wire/message'
import { checkBson, firstFieldName, InvalidBsonError } from './wire/raw-bson'
import { ReplyComposer } from './wire/reply'

/** Answers messages: finds the command, runs it, and turns what it throws into an error reply. */
export class Dispatcher {
  private readonly composer = new ReplyComposer()

  constructor(
    private readonly engine: Engine,
    private readonly commands: ReadonlyMap<string, Command>,
    /** Told of faults of this program, which the client learns nothing of. */
    private readonly onFault: (error: unknown, command: string) => void,
  ) {}

  /** The answer's bytes; undefined where none is wanted. Synchronous when the command is. */
  answer(message: Message, connection: ConnectionInfo): Buffer | undefined | Promise<Buffer | undefined> {
    const name = firstFieldName(message.body) ?? ''
    const failed = (error: unknown): Buffer | undefined => this.compose(message, this.errorReply(error, name), false)
    const succeeded = (reply: Reply): Buffer | undefined => {
      try {
        return this.compose(message, reply, true)
      } catch (error) {
        return failed(error)
      }
    }
    try {
      const reply = this.run(name, message, { engine: this.engine, connection })
      return reply instanceof Promise ? reply.then(succeeded, failed) : succeeded(reply)
    } catch (error) {
      return failed(error)
    }
  }

  private run(name: string, message: Message, context: CommandContext): Reply | Promise<Reply> {
    this.engine.counters.commands++
    const command = this.commands.get(name)
    if (message.kind === 'query' && command?.name !== 'hello') {
      const text = `Unsupported OP_QUERY command: ${name}. The client driver may require an upgrade.`
      throw new CommandError(352, 'UnsupportedOpQueryCommand', text)
    }
    if (command === undefined) throw commandNotFound(`no such command: '${name}'`)
    checkBson(message.body)
    const args = new Arguments(name, readDoc(message.body), message.sequences)
    args.checkFields(command.fields)
    checkGeneric(args)
    const database = message.kind === 'msg' ? args.database : 'admin'
    if (command.adminOnly === true && database !== 'admin') {
      throw unauthorized(`${name} may only be run against the admin database.`)
    }
    return command.run(args, context)
  }

  private compose(message: Message, reply: Doc, ok: boolean): Buffer | undefined {
    return message.moreToCome ? undefined : this.composer.compose(message, reply, ok)
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

/** What any command may ask for, and a standalone server cannot give. */
function checkGeneric(args: Arguments): void {
  if (args.has('txnNumber') || args.has('startTransaction') || args.has('autocommit')) {
    throw illegalOperation('Transaction numbers are only allowed on a replica set member or mongos')
  }
  const writeConcern = args.get('writeConcern')
  const w = isDoc(writeConcern) ? writeConcern['w'] : undefined
  if (isNumeric(w) && toNumber(w) > 1) throw badValue("cannot use 'w' > 1 when a host is not replicated")
}
