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

/** Answers with secrets are not kept for replaying, and the service refuses a key there. */
const SECRET_ANSWER = /\/auth\/(login|refresh|api-keys|mfa|step-up)/
/** Asking twice for a session gives two sessions or the same one, and either will do. */
const HARMLESS_TWICE = /\/auth\/(login|refresh|logout)$/

/** Whether a call to this route may be repeated. */
function repeatOf(method: string, path: string): Repeat {
  if (method !== 'POST' || HARMLESS_TWICE.test(path)) return 'always'
  return SECRET_ANSWER.test(path) ? 'never' : 'with-key'
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
    const repeat = repeatOf(method, template)
    return this.#requester.send({ method, path, query, body, headers, repeat, anonymous }, options)
  }
}
