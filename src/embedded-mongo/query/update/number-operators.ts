import { Int32, Long } from 'bson'
import { compareValues } from '../../bson/compare'
import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { badValue, showValue, typeMismatch } from '../../bson/errors'
import { isNumeric, typeName } from '../../bson/types'
import type { Numeric } from '../../bson/types'
import { addNumbers, bigintOf, kindOf, multiplyNumbers } from '../arithmetic'
import { identical } from '../../bson/identical'
import type { CompileOperator, Modifier, Run } from './modifier'

/** $inc: a missing field counts from nothing. */
export const compileInc: CompileOperator = (path, operand) => {
  const step = numberOperand('increment', path, operand)
  return [{ path, modifier: arithmetic('$inc', path, step, () => step, addNumbers) }]
}

/** $mul: a missing field becomes what the operand times an int 0 is: a zero of its type, or NaN. */
export const compileMul: CompileOperator = (path, operand) => {
  const factor = numberOperand('multiply', path, operand)
  return [{ path, modifier: arithmetic('$mul', path, factor, () => zeroOf(factor), multiplyNumbers) }]
}

function numberOperand(verb: string, path: string, operand: unknown): Numeric {
  if (isNumeric(operand)) return operand
  throw typeMismatch(`Cannot ${verb} with non-numeric argument: {${path}: ${showValue(operand)}}`)
}

function zeroOf(factor: Numeric): Numeric {
  return multiplyNumbers(factor, new Int32(0)) ?? new Int32(0)
}

function arithmetic(
  operator: string,
  path: string,
  operand: Numeric,
  whenMissing: () => Numeric,
  combine: (a: Numeric, b: Numeric) => Numeric | undefined,
): Modifier {
  return {
    apply: (current, run) => {
      if (current === undefined) return whenMissing()
      if (!isNumeric(current)) {
        throw typeMismatch(
          `Cannot apply ${operator} to a value of non-numeric type. ${whichDoc(run.root)} has the field '${lastOf(path)}' of non-numeric type ${typeName(current)}`,
        )
      }
      const result = combine(current, operand)
      if (result === undefined) {
        throw badValue(
          `Failed to apply ${operator} operations to current value (${showNumber(current)}) for document ${whichDoc(run.root)}`,
        )
      }
      return identical(current, result) ? current : result
    },
  }
}

function whichDoc(root: Doc): string {
  return `{_id: ${showValue(root['_id'])}}`
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

function showNumber(value: Numeric): string {
  const kind = kindOf(value)
  return `(Number${kind.charAt(0).toUpperCase()}${kind.slice(1)})${String(value)}`
}

/** $min and $max: by MongoDB's order over all types; a missing field takes the operand. */
export const compileMin: CompileOperator = (path, operand) => [{ path, modifier: bound(operand, -1) }]
export const compileMax: CompileOperator = (path, operand) => [{ path, modifier: bound(operand, 1) }]

function bound(operand: unknown, direction: 1 | -1): Modifier {
  return {
    apply: (current) => (current === undefined || compareValues(operand, current) * direction > 0 ? operand : current),
  }
}

const BIT_RULES: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
}

interface BitStep {
  readonly combine: (a: bigint, b: bigint) => bigint
  readonly operand: Int32 | Long
}

/** $bit: `{and | or | xor: int | long}`; a missing field counts as int 0. */
export const compileBit: CompileOperator = (path, operand) => {
  if (!isDoc(operand)) {
    throw badValue(
      `The $bit modifier is not compatible with a ${typeName(operand)}. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}`,
    )
  }
  const steps = Object.entries(operand).map(([name, value]) => bitStep(name, value))
  if (steps.length === 0) {
    throw badValue('You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}')
  }
  return [{ path, modifier: { apply: (current, run) => applyBits(steps, path, current, run) } }]
}

function bitStep(name: string, value: unknown): BitStep {
  const combine = Object.hasOwn(BIT_RULES, name) ? BIT_RULES[name] : undefined
  if (combine === undefined) {
    throw badValue(
      `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}' which is an unknown operator: {${name}: ${showValue(value)}}`,
    )
  }
  if (!isWhole(value)) {
    throw badValue(
      `The $bit modifier field must be an Integer(32/64 bit); a '${typeName(value)}' is not supported here: {${name}: ${showValue(value)}}`,
    )
  }
  return { combine, operand: value }
}

function isWhole(value: unknown): value is Int32 | Long {
  const type = typeName(value)
  return type === 'int' || type === 'long'
}

function applyBits(steps: readonly BitStep[], path: string, current: unknown, run: Run): unknown {
  const from = current === undefined ? new Int32(0) : current
  if (!isWhole(from)) {
    throw badValue(
      `Cannot apply $bit to a value of non-integral type.${whichDoc(run.root)} has the field ${lastOf(path)} of non-integer type ${typeName(from)}`,
    )
  }
  const isLong = [from, ...steps.map((step) => step.operand)].some((value) => typeName(value) === 'long')
  const bits = steps.reduce((value, step) => step.combine(value, bigintOf(step.operand)), bigintOf(from))
  const result = isLong ? Long.fromBigInt(bits) : new Int32(Number(bits))
  return identical(current, result) ? current : result
}
