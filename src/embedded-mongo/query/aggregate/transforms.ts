import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import type { CommandError } from '../../bson/errors'
import { typeName } from '../../bson/types'
import { compileParsed } from '../projection/compile'
import { parseProjection } from '../projection/parse'
import { addFields, addPath, dropFields } from '../projection/tree'
import type { PathTree } from '../projection/tree'
import { located } from './expression/arguments'
import { compileEvaluation } from './expression/compile'
import type { Evaluate } from './expression/environment'
import { environmentOf, requireDoc } from './stage'
import type { StageContext } from './stage'

/** A stage that makes one document of each: also what a pipeline update is made of. */
export type Transform = (doc: Doc, context: Pick<StageContext, 'variables' | 'now'>) => Doc

const TRANSFORMS: Readonly<Record<string, (spec: unknown) => Transform>> = {
  $addFields: compileAddFields,
  $project: compileProject,
  $replaceRoot: compileReplaceRoot,
  $replaceWith: (spec) => replaceWith(spec, '$replaceWith'),
  $set: compileAddFields,
  $unset: compileUnset,
}

export function isTransform(name: string): boolean {
  return Object.hasOwn(TRANSFORMS, name)
}

export function compileTransform(name: string, spec: unknown): Transform {
  return (TRANSFORMS[name] as (spec: unknown) => Transform)(spec)
}

function compileProject(spec: unknown): Transform {
  const fields = requireDoc(spec, 15969, '$project specification must be an object')
  if (Object.keys(fields).length === 0) {
    throw located(51272, 'Invalid $project :: caused by :: projection specification must have at least one field')
  }
  const project = compileParsed(parseProjection(fields, 'aggregate'))
  return (doc, context) => project(doc, environmentOf(doc, context))
}

function compileAddFields(spec: unknown): Transform {
  const fields = requireDoc(spec, 40272, `$addFields specification stage must be an object, got ${typeName(spec)}`)
  const tree: PathTree<Evaluate> = new Map()
  for (const [path, value] of Object.entries(fields)) addExpression(tree, path, value)
  return (doc, context) => addFields(tree, doc, environmentOf(doc, context))
}

/** A document without operators adds its fields below the path: `{a: {b: 1}}` is `{'a.b': 1}`. */
function addExpression(tree: PathTree<Evaluate>, path: string, value: unknown): void {
  if (path.split('.').some((segment) => segment === '' || segment.startsWith('$'))) {
    throw located(16410, `FieldPath field names may not be empty or start with '$': '${path}'`)
  }
  const names = isDoc(value) ? Object.keys(value) : []
  if (isDoc(value) && names.length > 0 && !names.some((name) => name.startsWith('$'))) {
    for (const [name, below] of Object.entries(value)) addExpression(tree, `${path}.${name}`, below)
    return
  }
  const collision = addPath(tree, path, compileEvaluation(value))
  if (collision !== undefined)
    throw located(40176, `Invalid $addFields :: caused by :: path collision at ${collision.at}`)
}

function compileUnset(spec: unknown): Transform {
  const paths: readonly unknown[] = Array.isArray(spec) ? spec : [spec]
  if (paths.length === 0)
    throw located(31119, '$unset specification must be a string or an array with at least one field')
  const tree: PathTree<boolean> = new Map()
  for (const path of paths) {
    if (typeof path !== 'string') throw located(31002, '$unset specification must be a string or an array of strings')
    const collision = addPath(tree, path, true)
    if (collision !== undefined)
      throw located(31250, `Invalid $unset :: caused by :: Path collision at ${collision.at}`)
  }
  return (doc) => dropFields(tree, doc)
}

function compileReplaceRoot(spec: unknown): Transform {
  const { newRoot, ...rest } = requireDoc(spec, 40229, 'expected an object as specification for $replaceRoot stage')
  const unknown = Object.keys(rest)[0]
  if (unknown !== undefined) throw located(40415, `BSON field '$replaceRoot.${unknown}' is an unknown field.`)
  if (newRoot === undefined) throw located(40414, "BSON field '$replaceRoot.newRoot' is missing but a required field")
  return replaceWith(newRoot, "'newRoot'")
}

function replaceWith(expression: unknown, what: string): Transform {
  const evaluate = compileEvaluation(expression)
  return (doc, context) => {
    const result = evaluate(environmentOf(doc, context))
    if (isDoc(result)) return result
    throw notAnObject(what, result)
  }
}

export function notAnObject(what: string, result: unknown): CommandError {
  const message = `${what} expression must evaluate to an object, but resulting value was of type ${typeName(result)}`
  return located(40228, message)
}
