import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { failedToParse, showValue } from '../../bson/errors'
import { typeName } from '../../bson/types'
import { compileAddToSet, compilePop, compilePull, compilePullAll } from './array-operators'
import { compileCurrentDate, compileRename, compileSet, compileSetOnInsert, compileUnset } from './field-operators'
import type { CompileOperator, Placed } from './modifier'
import { compileBit, compileInc, compileMax, compileMin, compileMul } from './number-operators'
import { compilePush } from './push-operator'

/** https://www.mongodb.com/docs/manual/reference/operator/update/ */
const OPERATORS: Readonly<Record<string, CompileOperator>> = {
  $addToSet: compileAddToSet,
  $bit: compileBit,
  $currentDate: compileCurrentDate,
  $inc: compileInc,
  $max: compileMax,
  $min: compileMin,
  $mul: compileMul,
  $pop: compilePop,
  $pull: compilePull,
  $pullAll: compilePullAll,
  $push: compilePush,
  $rename: compileRename,
  $set: compileSet,
  $setOnInsert: compileSetOnInsert,
  $unset: compileUnset,
}

/** Every `operator: {path: operand}` of an update. Throws FailedToParse and what the operators throw. */
export function compileOperators(update: Doc): readonly Placed[] {
  const placed: Placed[] = []
  for (const name of Object.keys(update)) {
    const entries = update[name]
    const compile = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined
    if (compile === undefined) {
      throw failedToParse(
        `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update specified as an array`,
      )
    }
    if (!isDoc(entries)) {
      throw failedToParse(
        `Modifiers operate on fields but we found type ${typeName(entries)} instead. For example: {$mod: {<field>: ...}} not {${name}: ${showValue(entries)}}`,
      )
    }
    for (const path of Object.keys(entries)) placed.push(...compile(path, entries[path]))
  }
  return placed
}
