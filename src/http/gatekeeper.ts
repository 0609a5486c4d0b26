import type { IncomingHttpHeaders } from 'node:http'
import { type Caller, OPERATOR } from './caller'

/** Knows callers by what they bring along. */
export interface Gatekeeper {
  /**
   * Who calls: ANONYMOUS without credentials. At once where everything needed is known already.
   * @throws UNAUTHENTICATED when there are credentials and they are not good; SERVICE_UNAVAILABLE
   */
  identify(headers: IncomingHttpHeaders): Caller | Promise<Caller>

  /** @throws STEP_UP_REQUIRED when a person proved too long ago to be itself. Keys and operators need not. */
  requireFresh(caller: Caller): void | Promise<void>
}

/** Lets everybody in as the operator: for a service without accounts, and for tests of what lies behind. */
export const openGatekeeper: Gatekeeper = { identify: () => OPERATOR, requireFresh: () => undefined }
