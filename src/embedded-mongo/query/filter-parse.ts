import { isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { badValue, notImplemented, typeMismatch } from '../bson/errors'
import { RANK, rankOf } from '../bson/types'
import { fieldsNamed } from './aggregate/fields-named'
import { compileExpression, isTruthy } from './expression'
import { parseBits, parseMod, parseSize, parseTypes } from './filter-operands'
import type { CompareOp, FilterNode } from './filter-tree'
import { QUERY_DEPTH_MAX } from './limits'
import { patternOf } from './pattern'
import { compileSchema } from './schema/compile'

/**
 * Takes a filter document apart. `variables` are those that $expr may name. Throws BadValue or FailedToParse with
 * MongoDB's messages.
 */
export function parseFilter(filter: Doc, variables: Doc = {}): FilterNode {
  return parseDoc(filter, { variables, depth: 0 })
}

/** What is around a part of a filter. */
interface Place {
  readonly variables: Doc
  readonly depth: number
}

function deeper(place: Place): Place {
  return { variables: place.variables, depth: place.depth + 1 }
}

function refuseDepth({ depth }: Place): void {
  if (depth > QUERY_DEPTH_MAX) throw badValue(`Query filter exceeded the maximum depth of ${QUERY_DEPTH_MAX}`)
}

function parseDoc(filter: Doc, place: Place): FilterNode {
  refuseDepth(place)
  const nodes: FilterNode[] = []
  for (const name of Object.keys(filter)) {
    const operand = filter[name]
    if (name.startsWith('$')) nodes.push(...parseTopLevel(name, operand, place))
    else nodes.push(...parseField(name, operand, place))
  }
  return all(nodes)
}

function all(nodes: readonly FilterNode[]): FilterNode {
  return nodes.length === 1 ? (nodes[0] as FilterNode) : { op: 'and', children: nodes }
}

function parseTopLevel(name: string, operand: unknown, place: Place): readonly FilterNode[] {
  switch (name) {
    case '$and':
    case '$or':
    case '$nor':
      return [{ op: name.slice(1) as 'and' | 'or' | 'nor', children: parseBranches(name, operand, place) }]
    case '$expr': {
      const evaluate = compileExpression(operand)
      const { variables } = place
      return [{ op: 'expr', evaluate: (doc) => isTruthy(evaluate(doc, variables)), fields: fieldsNamed(operand) }]
    }
    case '$alwaysTrue':
    case '$alwaysFalse':
      return [{ op: 'constant', value: name === '$alwaysTrue' }]
    case '$comment':
      return []
    case '$jsonSchema': {
      if (!isDoc(operand)) throw typeMismatch('$jsonSchema must be an object')
      const schema = compileSchema(operand)
      return [{ op: 'expr', evaluate: schema.holds, fields: undefined }]
    }
    case '$where':
    case '$text':
      throw notImplemented(`${name} is not supported by this server`)
    default:
      throw badValue(
        `unknown top level operator: ${name}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`,
      )
  }
}

function parseBranches(name: string, operand: unknown, place: Place): readonly FilterNode[] {
  if (!Array.isArray(operand)) throw badValue(`${name} must be an array`)
  if (operand.length === 0) throw badValue('$and/$or/$nor must be a nonempty array')
  return operand.map((branch) => {
    if (!isDoc(branch)) throw badValue('$or/$and/$nor entries need to be full objects')
    return parseDoc(branch, deeper(place))
  })
}

/** `{$gt: …}` and its like; `{$ref, $id}` is a reference, a value. */
function isOperators(operand: unknown): operand is Doc {
  if (!isDoc(operand)) return false
  const first = Object.keys(operand)[0]
  return first !== undefined && first.startsWith('$') && first !== '$ref' && first !== '$id' && first !== '$db'
}

function parseField(path: string, operand: unknown, place: Place): readonly FilterNode[] {
  if (isOperators(operand)) return parseOperators(path, operand, place)
  if (rankOf(operand) === RANK.regex) return [{ op: 'regex', path, pattern: patternOf(operand) }]
  return [{ op: 'eq', path, value: operand }]
}

function parseOperators(path: string, operators: Doc, place: Place): readonly FilterNode[] {
  refuseDepth(place)
  const nodes: FilterNode[] = []
  for (const [name, operand] of Object.entries(operators)) {
    const parse = OPERATORS[name]
    if (parse === undefined || !Object.hasOwn(OPERATORS, name)) throw badValue(`unknown operator: ${name}`)
    const node = parse(path, operand, { operators, place })
    if (node !== undefined) nodes.push(node)
  }
  return nodes
}

interface Around {
  /** The operators beside this one: $regex and $options belong together. */
  readonly operators: Doc
  readonly place: Place
}
type ParseOperator = (path: string, operand: unknown, around: Around) => FilterNode | undefined

const compareWith =
  (op: CompareOp): ParseOperator =>
  (path, value) => {
    if (op !== 'eq' && rankOf(value) === RANK.regex)
      throw badValue(`Can't have RegEx as arg to predicate over field '${path}'.`)
    return { op, path, value }
  }

const not = (child: FilterNode): FilterNode => ({ op: 'not', child })
const unsupported: ParseOperator = () => {
  throw notImplemented('Geospatial queries are not supported by this server')
}

const OPERATORS: Readonly<Record<string, ParseOperator>> = {
  $eq: compareWith('eq'),
  $gt: compareWith('gt'),
  $gte: compareWith('gte'),
  $lt: compareWith('lt'),
  $lte: compareWith('lte'),
  $ne: (path, value) => {
    if (rankOf(value) === RANK.regex) throw badValue("Can't have regex as arg to $ne.")
    return not({ op: 'eq', path, value })
  },
  $in: (path, operand) => parseIn('$in', path, operand),
  $nin: (path, operand) => not(parseIn('$nin', path, operand)),
  $exists: (path, operand) => (isTruthy(operand) ? { op: 'exists', path } : not({ op: 'exists', path })),
  $type: (path, operand) => ({ op: 'type', path, types: parseTypes(operand) }),
  $size: (path, operand) => ({ op: 'size', path, size: parseSize(operand) }),
  $mod: (path, operand) => ({ op: 'custom', path, test: parseMod(operand) }),
  $bitsAllSet: (path, operand) => ({ op: 'custom', path, test: parseBits('$bitsAllSet', operand) }),
  $bitsAllClear: (path, operand) => ({ op: 'custom', path, test: parseBits('$bitsAllClear', operand) }),
  $bitsAnySet: (path, operand) => ({ op: 'custom', path, test: parseBits('$bitsAnySet', operand) }),
  $bitsAnyClear: (path, operand) => ({ op: 'custom', path, test: parseBits('$bitsAnyClear', operand) }),
  $regex: (path, operand, { operators }) => parseRegex(path, operand, operators['$options']),
  $options: (_path, _operand, { operators }) => {
    if (!('$regex' in operators)) throw badValue('$options needs a $regex')
    return undefined
  },
  $not: (path, operand, { place }) => parseNot(path, operand, place),
  $all: (path, operand, { place }) => parseAll(path, operand, place),
  $elemMatch: (path, operand, { place }) => parseElemMatch(path, operand, place),
  $comment: () => undefined,
  $geoWithin: unsupported,
  $geoIntersects: unsupported,
  $near: unsupported,
  $nearSphere: unsupported,
}

function parseIn(name: string, path: string, operand: unknown): FilterNode {
  if (!Array.isArray(operand)) throw badValue(`${name} needs an array`)
  if (operand.some(isOperators)) throw badValue(`cannot nest $ under ${name}`)
  const patterns = operand.filter(isPattern).map((value) => patternOf(value))
  return {
    op: 'in',
    path,
    values: patterns.length === 0 ? operand : operand.filter((value) => !isPattern(value)),
    patterns,
  }
}

function parseRegex(path: string, operand: unknown, options: unknown): FilterNode {
  if (options !== undefined && typeof options !== 'string') throw badValue('$options has to be a string')
  if (rankOf(operand) === RANK.regex) return { op: 'regex', path, pattern: patternOf(operand, options) }
  if (typeof operand !== 'string') throw badValue('$regex has to be a string')
  return { op: 'regex', path, pattern: patternOf({ pattern: operand, options: options ?? '' }) }
}

function parseNot(path: string, operand: unknown, place: Place): FilterNode {
  if (rankOf(operand) === RANK.regex) return not({ op: 'regex', path, pattern: patternOf(operand) })
  if (!isDoc(operand)) throw badValue('$not needs a regex or a document')
  const names = Object.keys(operand)
  if (names.length === 0) throw badValue('$not cannot be empty')
  return not(all(parseOperators(path, operand, deeper(place))))
}

/** Of an $all: conditions of their own, which an index may answer. What follows them is looked for together. */
const ALL_LISTED_MAX = 20

function parseAll(path: string, operand: unknown, place: Place): FilterNode {
  if (!Array.isArray(operand)) throw badValue('$all needs an array')
  if (operand.length === 0) return { op: 'constant', value: false }
  const isElemMatch = (value: unknown): boolean => isDoc(value) && Object.keys(value)[0] === '$elemMatch'
  const withElemMatch = operand.filter(isElemMatch).length
  if (withElemMatch > 0 && withElemMatch < operand.length) throw badValue('$all/$elemMatch has to be consistent')
  if (withElemMatch > 0) return all(operand.flatMap((value) => parseOperators(path, value as Doc, deeper(place))))
  if (operand.some(isOperators)) throw badValue('no $ expressions in $all')
  const listed = operand.some(isPattern) ? operand : operand.slice(0, ALL_LISTED_MAX)
  const conditions = listed.flatMap((value) => parseField(path, value, place))
  if (listed.length === operand.length) return all(conditions)
  return all([...conditions, { op: 'all', path, values: operand.slice(ALL_LISTED_MAX) }])
}

function isPattern(value: unknown): boolean {
  return rankOf(value) === RANK.regex
}

const LOGICAL = new Set(['$and', '$or', '$nor', '$expr', '$where'])

function parseElemMatch(path: string, operand: unknown, place: Place): FilterNode {
  if (!isDoc(operand)) throw badValue('$elemMatch needs an Object')
  const first = Object.keys(operand)[0]
  const onValues = isOperators(operand) && first !== undefined && !LOGICAL.has(first)
  if (onValues) {
    return { op: 'elemMatch', path, on: 'values', child: all(parseOperators('', operand, deeper(place))) }
  }
  return { op: 'elemMatch', path, on: 'documents', child: parseDoc(operand, deeper(place)) }
}
