import type { Command, CommandContext } from './command'
import type { SessionFields } from '../sessions/session-fields'

export const commitTransaction: Command = {
  name: 'commitTransaction',
  summary: 'all of a transaction at once, on disk before it is answered; once, however often it is sent',
  fields: ['recoveryToken'],
  adminOnly: true,
  inTransaction: 'only',
  run: async (_args, context) => {
    await context.engine.transactions.commit(transactionFields(context))
    return {}
  },
}

export const abortTransaction: Command = {
  name: 'abortTransaction',
  summary: 'nothing of a transaction',
  fields: ['recoveryToken'],
  adminOnly: true,
  inTransaction: 'only',
  run: async (_args, context) => {
    await context.engine.transactions.abort(transactionFields(context))
    return {}
  },
}

function transactionFields({ fields }: CommandContext): SessionFields {
  if (fields === undefined) throw new Error('a transaction command without a transaction')
  return fields
}
