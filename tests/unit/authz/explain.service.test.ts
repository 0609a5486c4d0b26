import { ExplainService, type ExplainDeps } from '../../../src/authz/explain.service'
import { AppError, ERRORS } from '../../../src/errors'
import { selfOr } from '../../../src/http/access'
import { type Caller, OPERATOR } from '../../../src/http/caller'
import type { Route } from '../../../src/http/route'

const row = { access: selfOr('users:write'), rank: true } as Route

function explainer(requireOver: () => Promise<void>) {
  const deps: ExplainDeps = {
    locate: async () => ({ kind: 'row', row, params: { id: 'u2' } }),
    people: { known: () => undefined, find: async () => undefined },
    keys: { callerOf: async () => undefined, ownerOf: async () => undefined },
    roles: { permissionsOf: async () => new Map([['SUPPORT', ['users:write']]]) },
    authority: { requireOver },
    statusOf: (code) => ERRORS[code].status,
  }
  return new ExplainService(deps)
}

const question = { method: 'PUT', path: '/users/u2/password' }
const caller: Caller = { kind: 'user', userId: 'u1', roles: ['SUPPORT', 'GONE'], permissions: new Set(['users:write']) }

test('a store that does not answer is no refusal', async () => {
  for (const error of [new AppError('SERVICE_UNAVAILABLE'), new Error('unexpected')]) {
    const explaining = explainer(async () => Promise.reject(error))
    await expect(explaining.explain(caller, question)).rejects.toBe(error)
  }
})

test('roles that are gone carry nothing', async () => {
  const answer = await explainer(async () => undefined).explain(caller, question)
  expect(answer).toMatchObject({ allowed: true, through: ['SUPPORT'] })
  expect(await explainer(async () => undefined).explain(OPERATOR, question)).toMatchObject({ through: [] })
})
