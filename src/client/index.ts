// The entry of the SDK, for Node and for browsers. What Node alone can do (settings from the environment, logs) is in
// node.ts; users for tests are in user-factory.ts.
export type { AnswerStyle } from './answer'
export { type AuthClient } from './auth-client'
export type { Cancellation } from './cancellation'
export { type Clock, systemClock } from './clock'
export type { Credentials, SessionTokens } from './credentials'
export {
  ApiError,
  IncompleteListError,
  isApiError,
  NetworkError,
  NotConfirmedError,
  RollcallError,
  TimeoutError,
  UnexpectedAnswerError,
} from './errors'
export { type ConfirmOptions, eventually } from './eventually'
export { fetchTransport } from './fetch-transport'
export type { HealthClient } from './health-client'
export type { MfaClient } from './mfa-client'
export type { OperationData, OperationInput, OperationName } from './operations'
export type { Page } from './pages'
export type { CallOptions, ClientLog } from './requester'
export type { RestUsersClient } from './rest-users-client'
export { RetryBudget, type RetryBudgetOptions } from './retry-budget'
export { retry } from './retry-decorator'
export { type Backoff, nextDelayMs, readRetryAfter } from './retry-timing'
export { type Attempt, retrying, type RetryEvent, type RetryOptions } from './retrying'
export { type ClientOptions, type RestUsersOptions, restUsersClient, RollcallClient } from './rollcall-client'
export type { RolesClient, RoleQuery, RoleWalk } from './roles-client'
export { isTransient } from './transient'
export type { HttpAnswer, HttpRequest, Transport } from './transport'
export type {
  AccessExplanation,
  AccessQuestion,
  ApiKey,
  AuthenticatorSecret,
  ErrorCode,
  FieldError,
  Grant,
  HealthReport,
  Invitation,
  InvitationAcceptance,
  LoggedIn,
  Login,
  MadeApiKey,
  Me,
  NewApiKey,
  NewRole,
  NewUser,
  Operations,
  PendingConfirmation,
  PersonalExport,
  RecoveryCodes,
  Registration,
  Role,
  RolePatch,
  RoleReplacement,
  SecondFactor,
  Session,
  Setup,
  SteppedUp,
  StepUp,
  Tokens,
  User,
  UserPatch,
  UserReplacement,
} from './types.gen'
export type { ChangeOptions, UserQuery, UsersClient, UserWalk } from './users-client'
