import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { ACCUMULATORS } from './accumulators'

/** What names fields in other ways than by a path. */
const READS_OTHERWISE: ReadonlySet<string> = new Set(['$getField', '$setField', '$unsetField', '$meta'])

/**
 * The top-level fields that a pipeline can read of the documents that it is given; undefined where it may read any.
 * Only for what begins by making new documents of a few fields. A path that is named too many does no harm.
 */
export function fieldsRead(pipeline: readonly Doc[]): ReadonlySet<string> | undefined {
  const [first] = pipeline
  const [operator] = Object.keys(first ?? {})
  const fields = new Set<string>()
  if (operator === '$count') return fields
  const spec = first?.[operator ?? '']
  if (operator === '$sortByCount') return collect(spec, fields) ? fields : undefined
  if (operator !== '$group' || !isDoc(spec)) return undefined
  for (const [name, operand] of Object.entries(spec)) {
    // Accumulators of others see whole documents.
    if (
      name !== '_id' &&
      !Object.keys(isDoc(operand) ? operand : {}).every((one) => Object.hasOwn(ACCUMULATORS, one))
    ) {
      return undefined
    }
    if (!collect(operand, fields)) return undefined
  }
  return fields
}

/** Adds the fields that an expression names; false where it may read others. */
function collect(expression: unknown, fields: Set<string>): boolean {
  if (typeof expression === 'string') return collectPath(expression, fields)
  if (Array.isArray(expression)) return expression.every((part) => collect(part, fields))
  if (!isDoc(expression)) return true
  return Object.entries(expression).every(([name, part]) => !READS_OTHERWISE.has(name) && collect(part, fields))
}

function collectPath(text: string, fields: Set<string>): boolean {
  if (!text.startsWith('$')) return true
  if (text.startsWith('$$')) {
    const [variable] = text.slice(2).split('.')
    return variable !== 'ROOT' && variable !== 'CURRENT'
  }
  fields.add(text.slice(1).split('.', 1)[0] as string)
  return true
}
