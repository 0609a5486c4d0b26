import { AccessTokens } from '../../src/auth/access-tokens'
import { AuthService } from '../../src/auth/auth.service'
import { CallerDirectory } from '../../src/auth/caller-directory'
import { type GatekeeperDeps, BearerGatekeeper } from '../../src/auth/gatekeeper'
import { PeopleDirectory } from '../../src/auth/people'
import { SessionService } from '../../src/auth/session.service'
import { SigningKeysService } from '../../src/auth/signing-keys.service'
import type { RoleService } from '../../src/roles/role.service'
import { createSecretBox } from '../../src/secrets/secret-box'
import type { UserCredentials } from '../../src/users/user-access.dao'
import type { UserAccessService } from '../../src/users/user-access.service'
import { InMemorySessionDao } from './in-memory-session-dao'
import { InMemorySigningKeyDao } from './in-memory-signing-key-dao'

export const ISSUER = 'https://id.example.com'
export const AUDIENCE = 'rollcall'
export const CLIENT = { address: '192.0.2.7', userAgent: 'curl/8.5.0' }

/** A person who exists, with the password `Password@123`. */
export function person(change: Partial<UserCredentials> = {}): UserCredentials {
  return {
    id: 'john',
    name: 'John Doe',
    email: 'john@example.com',
    email_verified: false,
    is_active: true,
    has_password: true,
    grants: [{ role: 'CLIENT', granted_at: new Date(0), expires_at: null }],
    sessions_not_before: null,
    password_hash: 'hash of Password@123',
    ...change,
  }
}

/** Sessions and signing in over stores in memory, with users, roles, a clock and a memory's trust that tests set. */
export function inMemorySignIn() {
  const state = {
    now: new Date('2026-03-01T12:00:00.000Z'),
    fresh: true,
    users: new Map<string, UserCredentials>(),
    permissions: new Map<string, readonly string[]>(),
    rolesChanged: [] as { name: string; version: number; updated_at: Date }[],
    usersChanged: [] as string[],
    activeFactors: new Set<string>(),
    /** What the guard, the verifier and the users' store were asked for, in order. */
    asked: [] as string[],
  }
  const clock = () => state.now
  const freshness = { isFresh: () => state.fresh }
  const users = fakeUsers(state)
  const roles = {
    permissionsOf: async (names: readonly string[]) => {
      state.asked.push(`permissions of ${names.join()}`)
      return new Map(names.flatMap((name) => [[name, state.permissions.get(name)]] as [string, readonly string[]][]))
    },
    changedSince: async () => state.rolesChanged,
  } as unknown as RoleService
  const sessionDao = new InMemorySessionDao()
  const keyDao = new InMemorySigningKeyDao()
  const keys = new SigningKeysService({
    dao: keyDao,
    box: createSecretBox(undefined),
    freshness,
    clock,
    tokenTtlS: 900,
  })
  const tokens = new AccessTokens({ keys, freshness, clock, issuer: ISSUER, audience: AUDIENCE, ttlS: 900 })
  const people = new PeopleDirectory({ users, roles, freshness, clock })
  const callers = new CallerDirectory({ sessions: sessionDao, people, freshness, clock })
  const ttl = { refreshTokenTtlDays: 30, sessionTtlDays: 90 }
  const sessions = new SessionService({ dao: sessionDao, users, tokens, callers, clock, ...ttl })
  const auth = (requireVerifiedEmail = false) =>
    new AuthService({ users, sessions, ...fakeProofs(state), clock, requireVerifiedEmail })
  const gatekeeper = (change: Partial<GatekeeperDeps> = {}) =>
    new BearerGatekeeper({
      tokens,
      callers,
      clock,
      apiKeys: { identify: () => undefined },
      mode: 'required',
      bootstrapApiKey: undefined,
      stepUpMaxAgeS: 600,
      ...change,
    })
  const pass = (seconds: number) => {
    state.now = new Date(state.now.getTime() + seconds * 1_000)
  }
  return { state, clock, pass, sessionDao, keyDao, keys, tokens, people, callers, sessions, auth, gatekeeper }
}

type State = Pick<
  ReturnType<typeof inMemorySignIn>['state'],
  'now' | 'users' | 'usersChanged' | 'activeFactors' | 'asked'
>

function fakeUsers(state: State): UserAccessService {
  const withoutHash = (user: UserCredentials | undefined) => {
    if (!user) return undefined
    const { password_hash: _, ...access } = user
    return access
  }
  const users = {
    access: async (id: string) => {
      state.asked.push(`access ${id}`)
      return withoutHash(state.users.get(id))
    },
    credentialsByEmail: async (email: string) => [...state.users.values()].find((user) => user.email === email),
    credentials: async (id: string) => state.users.get(id),
    changedSince: async () => state.usersChanged,
    rehash: async (id: string, from: string, to: string) => state.asked.push(`rehash ${id} ${from} ${to}`),
    liveGrants: ({ grants }: UserCredentials) =>
      grants.filter(({ expires_at }) => expires_at === null || expires_at > state.now),
    view: async (id: string) => ({ id, email: state.users.get(id)?.email }),
  }
  return users as unknown as UserAccessService
}

function fakeProofs(state: State) {
  const tell = (what: string) => async () => void state.asked.push(what)
  return {
    guard: {
      begin: async (account: string, address: string) => {
        state.asked.push(`attempt ${account} ${address}`)
        return { succeeded: tell('succeeded'), failed: tell('failed'), abandoned: tell('abandoned') }
      },
      unlock: async () => undefined,
    },
    passwords: {
      verify: async (
        password: string,
        hash: string | null | undefined,
        rehash?: (hash: string) => Promise<unknown>,
      ) => {
        state.asked.push('verify')
        if (password === 'busy') throw new Error('Too many hashes')
        const matches = hash === `hash of ${password}`
        // As for a missing user: nobody's hash is renewed, whatever a verifier may do.
        if (matches || hash === undefined) await rehash?.('a better hash')
        return matches
      },
    },
    secondFactor: {
      isActive: async (id: string) => state.activeFactors.has(id),
      redeem: async (_id: string, code: string) => code === '123456',
    },
  }
}
