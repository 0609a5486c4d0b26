import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { parseProjection } from '../projection/parse'
import type { Parsed } from '../projection/parse'
import { ACCUMULATORS } from './accumulators'
import { addFieldsNamed, fieldsNamed } from './fields-named'

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
  if (operator === '$sortByCount') return fieldsNamed(spec)
  if (operator === '$project' && isDoc(spec)) return fieldsOfProjection(spec, parseProjection(spec, 'aggregate'))
  if (operator !== '$group' || !isDoc(spec)) return undefined
  for (const [name, operand] of Object.entries(spec)) {
    // Accumulators of others see whole documents.
    if (
      name !== '_id' &&
      !Object.keys(isDoc(operand) ? operand : {}).every((one) => Object.hasOwn(ACCUMULATORS, one))
    ) {
      return undefined
    }
    if (!addFieldsNamed(operand, fields)) return undefined
  }
  return fields
}

/** The top-level fields that a projection looks at; undefined where it may look at any. */
export function fieldsOfProjection(spec: Doc, { mode, fields, computed }: Parsed): ReadonlySet<string> | undefined {
  if (mode === 'exclude') return undefined
  const read = new Set([...fields.keys(), ...computed.keys()])
  return addFieldsNamed(spec, read) ? read : undefined
}
