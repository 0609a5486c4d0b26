import type { Answer, CallOptions, Repeat, Requester } from './requester'
import { OPERATIONS, type Operations } from './types.gen'
import { fillPath, type Query } from './url'

export type OperationName = keyof Operations

/** A part of the input is required when something in it is. */
type Part<Key extends string, T> = Partial<T> extends T ? Readonly<Partial<Record<Key, T>>> : Readonly<Record<Key, T>>

/** What an operation takes: path parameters, query and body, as the service's OpenAPI document has them. */
export type OperationInput<Name extends OperationName> = Part<'params', Operations[Name]['params']> &
  Part<'query', Operations[Name]['query']> &
  (Operations[Name]['body'] extends undefined ? unknown : { readonly body: Operations[Name]['body'] })

export type OperationData<Name extends OperationName> = Operations[Name]['data']

interface LooseInput {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Query
  readonly body?: unknown
}

/** Asking twice for a session gives two sessions or the same one, and either will do. */
const HARMLESS_TWICE: ReadonlySet<OperationName> = new Set(['logIn', 'refresh', 'logOut'])

/** Whether a call may be repeated. Answers with secrets are not kept for replaying: the service takes no key there. */
function repeatOf(name: OperationName): Repeat {
  const { method, keyed } = OPERATIONS[name]
  if (method !== 'POST' || HARMLESS_TWICE.has(name)) return 'always'
  return keyed ? 'with-key' : 'never'
}

/** Sends the operations of the OpenAPI document by name. */
export class Operator {
  readonly #requester: Requester

  constructor(requester: Requester) {
    this.#requester = requester
  }

  send<Name extends OperationName>(
    name: Name,
    input: OperationInput<Name>,
    options?: CallOptions,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer<OperationData<Name>>> {
    const { method, path: template, open: anonymous } = OPERATIONS[name]
    const { params = {}, query, body } = input as LooseInput
    const path = fillPath(template, params)
    const repeat = repeatOf(name)
    return this.#requester.send({ method, path, query, body, headers, repeat, anonymous }, options)
  }
}
