import { getField, isDoc } from '../../../bson/doc'
import { spend } from '../../../bson/effort'
import { CommandError } from '../../../bson/errors'
import { bsonType, docOf } from '../../../bson/types'
import { located } from './arguments'
import type { Environment, Evaluate } from './environment'

/** `$a.b`, `$$name` and `$$name.a.b`. */
export function compilePath(text: string): Evaluate {
  if (!text.startsWith('$$')) {
    const read = fieldPath(segmentsOf(text.slice(1)))
    return (env) => read(env.root)
  }
  const [name = '', ...segments] = text.slice(2).split('.')
  const variable = compileVariable(name)
  if (segments.length === 0) return variable
  const read = fieldPath(segmentsOf(segments.join('.')))
  return (env) => read(variable(env))
}

function segmentsOf(path: string): readonly string[] {
  if (path === '') throw located(16872, "'$' by itself is not a valid FieldPath")
  const segments = path.split('.')
  if (segments.includes('')) throw located(15998, 'FieldPath field names may not be empty strings.')
  const dollar = segments.find((segment) => segment.startsWith('$'))
  if (dollar !== undefined) {
    throw located(16410, `FieldPath field names may not start with '$'. Consider using $getField or $setField.`)
  }
  return segments
}

function compileVariable(name: string): Evaluate {
  switch (name) {
    case 'ROOT':
      return (env) => env.root
    case 'CURRENT':
      return (env) => (Object.hasOwn(env.variables, 'CURRENT') ? env.variables['CURRENT'] : env.root)
    case 'NOW':
      return (env) => env.now
    case 'REMOVE':
      return () => undefined
    case '':
      throw new CommandError(9, 'FailedToParse', 'empty variable names are not allowed')
    default:
      return (env) => readVariable(env, name)
  }
}

function readVariable(env: Environment, name: string): unknown {
  if (Object.hasOwn(env.variables, name)) return env.variables[name]
  throw located(17276, `Use of undefined variable: ${name}`)
}

/** Arrays on the way are mapped; their elements that lack the field are left out. Numbers are names, not indices. */
export function fieldPath(segments: readonly string[]): (value: unknown) => unknown {
  const [only] = segments
  if (segments.length === 1 && only !== undefined) return (value) => step(value, only)
  return (value) => readFrom(value, segments, 0)
}

function step(value: unknown, name: string): unknown {
  if (isDoc(value)) return getField(value, name)
  return readFrom(value, [name], 0)
}

function readFrom(from: unknown, segments: readonly string[], start: number): unknown {
  let value = from
  for (let i = start; i < segments.length; i++) {
    if (Array.isArray(value)) {
      spend(value.length)
      return value.map((element) => readFrom(element, segments, i)).filter((found) => found !== undefined)
    }
    if (isDoc(value)) value = getField(value, segments[i] as string)
    else if (bsonType(value) === 'DBRef') value = getField(docOf(value as object), segments[i] as string)
    else return undefined
  }
  return value
}
