import { isDoc } from '../../bson/doc'
import { topLevel } from '../path'

/** What names fields in other ways than by a path. */
const READS_OTHERWISE: ReadonlySet<string> = new Set(['$getField', '$setField', '$unsetField', '$meta'])

/** The top-level fields that an expression names; undefined where it may read others. */
export function fieldsNamed(expression: unknown): ReadonlySet<string> | undefined {
  const fields = new Set<string>()
  return addFieldsNamed(expression, fields) ? fields : undefined
}

/** Adds the fields that an expression names; false where it may read others. */
export function addFieldsNamed(expression: unknown, fields: Set<string>): boolean {
  if (typeof expression === 'string') return collectPath(expression, fields)
  if (Array.isArray(expression)) return expression.every((part) => addFieldsNamed(part, fields))
  if (!isDoc(expression)) return true
  return Object.entries(expression).every(([name, part]) => !READS_OTHERWISE.has(name) && addFieldsNamed(part, fields))
}

function collectPath(text: string, fields: Set<string>): boolean {
  if (!text.startsWith('$')) return true
  if (text.startsWith('$$')) {
    const [variable] = text.slice(2).split('.')
    return variable !== 'ROOT' && variable !== 'CURRENT'
  }
  fields.add(topLevel(text.slice(1)))
  return true
}
