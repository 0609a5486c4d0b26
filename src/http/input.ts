import { parse } from 'node:querystring'
import type { Request, Response } from 'express'
import { AppError, type FieldError } from '../errors'
import { ANYBODYS_BODY_BYTES_MAX, BODY_BYTES_MAX, readBody } from './body'
import type { Caller } from './caller'
import { contextOf } from './context'
import { joi } from './joi'
import type { Input, Route } from './route'
import { compileCheck, throwIfAny, type Check, type ValidationContext } from './validate'

export type ReadInput = (req: Request, res: Response, caller: Caller) => Input | Promise<Input>

/** The answer to "no query at all" is worth keeping: most requests have none. */
interface QueryCheck {
  readonly check: Check
  readonly withoutQuery: unknown
}

/** Makes a route's schemas ready, once. Problems of path, query and body are told together. */
export function inputReader(row: Route, requireIfMatch: boolean, context: ValidationContext): ReadInput {
  const params = row.params && compileCheck(row.params, 'the path', true)
  const query = queryCheck(row)
  const body = row.body && compileCheck(row.body, 'the body', false, context)
  const needsVersion = row.versioned === true && requireIfMatch

  const read = (req: Request, res: Response, caller: Caller, problems: FieldError[]): Input => ({
    params: params ? params(req.params, problems) : req.params,
    query: readQuery(query, req.url, problems),
    body: undefined,
    headers: req.headers,
    url: req.originalUrl,
    requestId: contextOf(res).requestId,
    caller,
    client: { address: req.ip ?? '', userAgent: req.headers['user-agent'] },
  })

  return (req, res, caller) => {
    if (needsVersion && req.headers['if-match'] === undefined) throw new AppError('PRECONDITION_REQUIRED')
    const problems: FieldError[] = []
    const input = read(req, res, caller, problems)
    if (body) return withBody(req, row, body, input, problems)
    throwIfAny(problems)
    return input
  }
}

async function withBody(req: Request, row: Route, check: Check, input: Input, problems: FieldError[]): Promise<Input> {
  const body = check(await readBody(req, row.consumes, bytesMaxOf(row)), problems)
  throwIfAny(problems)
  return { ...input, body }
}

function bytesMaxOf({ access }: Route): number {
  return access.to === 'anyone' ? ANYBODYS_BODY_BYTES_MAX : BODY_BYTES_MAX
}

function queryCheck(row: Route): QueryCheck {
  const check = compileCheck(row.query ?? joi.object({}), 'the query', true)
  const problems: FieldError[] = []
  const value = check({}, problems)
  // A query that must not be empty is checked each time; so is one whose schema makes values that could be shared.
  return { check, withoutQuery: problems.length === 0 ? Object.freeze(value) : undefined }
}

function readQuery({ check, withoutQuery }: QueryCheck, url: string, problems: FieldError[]): unknown {
  const mark = url.indexOf('?')
  const text = mark < 0 ? '' : url.slice(mark + 1)
  if (text === '' && withoutQuery !== undefined) return withoutQuery
  // maxKeys 0: no parameter is dropped in silence. The length of the address bounds them.
  return check(parse(text, '&', '=', { maxKeys: 0 }), problems)
}
