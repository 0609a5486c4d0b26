import type { Binary, Code, ObjectId, Timestamp } from 'bson'
import { spend, spendOnText } from './effort'
import { compareExact, exactOf, hold, nearest, scientific } from './exact'
import type { Exact, Held } from './exact'
import { binaryBytes, docOf, RANK, rankOf, regexParts, textOf } from './types'
import type { Numeric } from './types'

/*
 * Every value is one byte of rank and a body. Bodies are self-delimiting: fixed size, or ended by a byte that is less
 * than anything that may follow. So keys can be put one after the other, and their order is that of their values.
 */

/** Ends a string, a document and an array: neither a rank nor a byte of an escaped string is that low. */
const END = 0x00
/** In strings 00 becomes 01 01 and 01 becomes 01 02, so that no key is the beginning of another. */
const ESCAPE = 0x01
// eslint-disable-next-line no-control-regex -- the two characters that are escaped
const NEEDS_ESCAPE = /[\u0000\u0001]/

/** The classes of numbers, in their order, after the rank. */
const NUMBER_CLASS = { nan: 1, negativeInfinity: 2, negative: 3, zero: 4, positive: 5, positiveInfinity: 6 } as const
/** After a double: the number is that double, or is further from zero and its digits follow. */
const NUMBER_TAIL = { none: 0, digits: 1 } as const
/** Lifts a Decimal128's power of ten (−6,175 … 6,145) above zero. */
const POWER_BIAS = 0x4000

/** One value as a memcomparable, self-delimiting key: buffer order is compareValues order, equal values encode alike. */
export function encodeValue(value: unknown): Buffer {
  const writer = new KeyWriter()
  writeValue(writer, value)
  return writer.bytes()
}

/** A compound key; the bytes of descending fields are inverted. `suffix` follows as it is. */
export function encodeKey(values: readonly unknown[], descending: readonly boolean[], suffix?: Uint8Array): Buffer {
  const writer = new KeyWriter()
  for (let i = 0; i < values.length; i++) {
    const from = writer.length
    writeValue(writer, values[i])
    if (descending[i] === true) writer.invert(from)
  }
  if (suffix !== undefined) writer.raw(suffix)
  return writer.bytes()
}

/** The bytes of a descending field. */
export function invertBytes(bytes: Buffer): Buffer {
  const inverted = Buffer.allocUnsafe(bytes.length)
  for (let i = 0; i < bytes.length; i++) inverted[i] = ~(bytes[i] as number)
  return inverted
}

/** The least byte string that is greater than every one that begins with `prefix`; undefined when there is none. */
export function prefixEnd(prefix: Buffer): Buffer | undefined {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length--
  if (length === 0) return undefined
  const end = Buffer.allocUnsafe(length)
  prefix.copy(end, 0, 0, length)
  end[length - 1] = (end[length - 1] as number) + 1
  return end
}

/** What the keys of all strings begin with that begin with `text`. */
export function textPrefix(text: string): Buffer {
  const key = encodeValue(text)
  return key.subarray(0, key.length - 1)
}

/** Where the numbers begin that can be compared: NaN is below them and is in no range. */
export const COMPARABLE_NUMBERS_START: readonly number[] = [RANK.number, NUMBER_CLASS.negativeInfinity]

/** Keys are written one behind the other into a buffer that they share, and never written over. */
const SHARED_BYTES = 8_192
let shared = Buffer.allocUnsafeSlow(SHARED_BYTES)
let sharedUsed = 0

/** Writes one key; `bytes` ends it, and there is no other at that time. */
class KeyWriter {
  private buffer = shared
  private start = sharedUsed
  private at = sharedUsed

  get length(): number {
    return this.at - this.start
  }

  bytes(): Buffer {
    if (this.buffer === shared) sharedUsed = this.at
    return this.buffer.subarray(this.start, this.at)
  }

  byte(value: number): void {
    this.reserve(1)
    this.buffer[this.at++] = value
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.buffer.set(bytes, this.at)
    this.at += bytes.length
  }

  uint16(value: number): void {
    this.reserve(2)
    this.at = this.buffer.writeUInt16BE(value, this.at)
  }

  uint32(value: number): void {
    this.reserve(4)
    this.at = this.buffer.writeUInt32BE(value, this.at)
  }

  double(value: number): void {
    this.reserve(8)
    this.at = this.buffer.writeDoubleBE(value, this.at)
  }

  /** UTF-8, escaped, ended. */
  text(value: string): void {
    spendOnText(value.length)
    if (NEEDS_ESCAPE.test(value)) {
      for (const byte of Buffer.from(value)) {
        if (byte <= ESCAPE) this.byte(ESCAPE)
        this.byte(byte <= ESCAPE ? byte + 1 : byte)
      }
    } else {
      this.reserve(value.length * 3)
      this.at += this.buffer.write(value, this.at)
    }
    this.byte(END)
  }

  invert(from: number): void {
    for (let i = this.start + from; i < this.at; i++) this.buffer[i] = ~(this.buffer[i] as number)
  }

  private reserve(bytes: number): void {
    if (this.at + bytes > this.buffer.length) this.grow(bytes)
  }

  private grow(bytes: number): void {
    const written = this.buffer.subarray(this.start, this.at)
    const needed = written.length + bytes
    if (needed <= SHARED_BYTES / 4) {
      shared = this.buffer = Buffer.allocUnsafeSlow(SHARED_BYTES)
    } else {
      this.buffer = Buffer.allocUnsafe(needed * 2)
    }
    this.buffer.set(written)
    this.start = 0
    this.at = written.length
  }
}

function writeValue(writer: KeyWriter, value: unknown): void {
  const rank = rankOf(value)
  writer.byte(rank)
  writeBody(writer, rank, value)
}

function writeBody(writer: KeyWriter, rank: number, value: unknown): void {
  switch (rank) {
    case RANK.number:
      return writeNumber(writer, hold(value as Numeric))
    case RANK.string:
      return writer.text(textOf(value))
    case RANK.object:
      return writeDocument(writer, value as object)
    case RANK.array:
      return writeArray(writer, value as unknown[])
    case RANK.binary:
      return writeBinary(writer, value as Binary)
    case RANK.objectId:
      return writer.raw((value as ObjectId).id)
    case RANK.boolean:
      return writer.byte(value === true ? 2 : 1)
    case RANK.date:
      return writeDate(writer, (value as Date).getTime())
    case RANK.timestamp:
      writer.uint32((value as Timestamp).t)
      return writer.uint32((value as Timestamp).i)
    case RANK.regex:
      return writeRegex(writer, value)
    case RANK.code:
      return writer.text((value as Code).code)
    case RANK.codeWithScope:
      writer.text((value as Code).code)
      return writeDocument(writer, (value as Code).scope ?? {})
    default:
      return
  }
}

function writeNumber(writer: KeyWriter, value: Held): void {
  if (typeof value !== 'number') return writeInexact(writer, exactOf(value))
  if (value === 0) return writer.byte(NUMBER_CLASS.zero)
  if (Number.isFinite(value)) return writeMagnitude(writer, value < 0, Math.abs(value), undefined)
  if (Number.isNaN(value)) return writer.byte(NUMBER_CLASS.nan)
  writer.byte(value > 0 ? NUMBER_CLASS.positiveInfinity : NUMBER_CLASS.negativeInfinity)
}

/** A number that no double is: the double next to it towards zero, then its digits. */
function writeInexact(writer: KeyWriter, exact: Exact): void {
  const size: Exact = { ...exact, negative: false }
  const near = nearest(size)
  const below = compareExactToDouble(size, near) < 0 ? previousDouble(near) : near
  writeMagnitude(writer, exact.negative, below, size)
}

function compareExactToDouble(exact: Exact, double: number): number {
  return double === Infinity ? -1 : compareExact(exact, exactOf(double))
}

/** Bits of one double; written and read at once, never kept. */
const scratch = new DataView(new ArrayBuffer(8))

/** The next double towards zero. */
function previousDouble(positive: number): number {
  scratch.setFloat64(0, positive)
  scratch.setBigUint64(0, scratch.getBigUint64(0) - 1n)
  return scratch.getFloat64(0)
}

function writeMagnitude(writer: KeyWriter, negative: boolean, double: number, rest: Exact | undefined): void {
  writer.byte(negative ? NUMBER_CLASS.negative : NUMBER_CLASS.positive)
  const from = writer.length
  writer.double(double)
  if (rest === undefined) {
    writer.byte(NUMBER_TAIL.none)
  } else {
    const { digits, power } = scientific(rest)
    writer.byte(NUMBER_TAIL.digits)
    writer.uint16(power + POWER_BIAS)
    writer.text(digits)
  }
  if (negative) writer.invert(from)
}

const DATE_BIAS_HIGH = 0x80000000

/** Milliseconds as two biased 32-bit halves; a date beyond JavaScript's range (NaN) comes first. */
function writeDate(writer: KeyWriter, milliseconds: number): void {
  const valid = !Number.isNaN(milliseconds)
  const high = Math.floor(milliseconds / 2 ** 32)
  writer.uint32(valid ? high + DATE_BIAS_HIGH : 0)
  writer.uint32(valid ? milliseconds - high * 2 ** 32 : 0)
}

function writeDocument(writer: KeyWriter, value: object): void {
  const doc = docOf(value)
  const names = Object.keys(doc)
  spend(names.length)
  for (const name of names) {
    const field = doc[name]
    const rank = rankOf(field)
    writer.byte(rank)
    writer.text(name)
    writeBody(writer, rank, field)
  }
  writer.byte(END)
}

function writeArray(writer: KeyWriter, values: readonly unknown[]): void {
  spend(values.length)
  for (const value of values) writeValue(writer, value)
  writer.byte(END)
}

function writeBinary(writer: KeyWriter, value: Binary): void {
  writer.uint32(value.position)
  writer.byte(value.sub_type)
  writer.raw(binaryBytes(value))
}

function writeRegex(writer: KeyWriter, value: unknown): void {
  const { pattern, options } = regexParts(value)
  writer.text(pattern)
  writer.text(options)
}
