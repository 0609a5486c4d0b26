import type { AuthMode } from '../config'
import type { ErrorCode } from '../errors'
import type { Access } from '../http/access'
import type { Route } from '../http/route'

type Json = Record<string, unknown>
type Requirement = Readonly<Record<string, readonly string[]>>

/** The two kinds of bearer credentials (RFC 6750). Viewers offer a field for each. */
export const SECURITY_SCHEMES: Json = {
  accessToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: "A person's access token: `access_token` of `POST /auth/login` or `POST /auth/refresh`.",
  },
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'rck_…',
    description: "A program's key, made by a person with `POST /auth/api-keys`, or the operator's from the environment.",
  },
}

const PERSON: Requirement = { accessToken: [] }
const PROGRAM: Requirement = { apiKey: [] }
/** OpenAPI 3.1, section 4.8.2: an empty requirement says that credentials are optional. */
const NOBODY: Requirement = {}

/** Credentials that a route takes, one of them at a time. In open mode all routes also take none. */
export function securityOf({ to }: Access, mode: AuthMode): readonly Requirement[] {
  if (to === 'anyone') return []
  if (to === 'people') return [PERSON]
  return mode === 'open' ? [PERSON, PROGRAM, NOBODY] : [PERSON, PROGRAM]
}

/** What a program that reads the document can decide by. */
export function accessExtensions({ access, stepUp }: Route): Json {
  return {
    'x-access': access.to,
    ...('permission' in access ? { 'x-permission': access.permission } : {}),
    ...(stepUp ? { 'x-step-up': true } : {}),
  }
}

/** The route's own description, and who may call it. */
export function describedAccess(row: Route): string {
  const { description, access, rank, stepUp } = row
  const sentences = [
    description,
    whoMayCall(access),
    rank ? 'A user who may do more than the caller is out of its reach (403).' : undefined,
    stepUp ? 'Asks for a fresh proof of identity: `POST /auth/step-up`.' : undefined,
  ]
  return sentences.filter((sentence) => sentence !== undefined).join(' ')
}

function whoMayCall(access: Access): string {
  switch (access.to) {
    case 'anyone':
      return 'Anybody may call this.'
    case 'known':
      return 'Whoever has valid credentials may call this.'
    case 'people':
      return 'For people with a session, whatever their roles.'
    case 'holders':
      return `Needs the permission \`${access.permission}\`.`
    case 'self':
      return `For the person itself, and with the permission \`${access.permission}\`.`
  }
}

/** The refusals that follow from who may call. */
export function accessErrors({ access, stepUp }: Route): readonly ErrorCode[] {
  const known: readonly ErrorCode[] = access.to === 'anyone' ? [] : ['UNAUTHENTICATED']
  return [...known, ...(stepUp ? (['STEP_UP_REQUIRED'] as const) : []), 'FORBIDDEN']
}
