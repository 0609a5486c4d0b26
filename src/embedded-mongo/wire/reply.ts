import { Double, Int32, Long, serialize, Timestamp } from 'bson'
import type { Doc } from '../bson/doc'
import { isDoc } from '../bson/doc'
import { MESSAGE_BYTES_MAX, REPLY_PREFIX_BYTES, writeReplyPrefix } from './message'
import type { Message } from './message'

/** Raw BSON documents that become an array of the reply as they are, byte for byte. */
export class RawDocuments {
  constructor(readonly documents: readonly Uint8Array[]) {}
}

/** A raw BSON document that becomes a field of the reply as it is. */
export class RawDocument {
  constructor(readonly bytes: Uint8Array) {}
}

export interface ReplyOptions {
  /** Raw BSON fields for the end of the reply. */
  readonly trailer?: Uint8Array | undefined
  readonly moreToCome?: boolean
}

const TYPE = {
  double: 1,
  string: 2,
  document: 3,
  array: 4,
  boolean: 8,
  date: 9,
  null: 10,
  int32: 16,
  int64: 18,
} as const
const SCRATCH_BYTES = 64 * 1_024
/** A scratch buffer that one large reply made larger than this is given back. */
const SCRATCH_BYTES_KEPT = 1_024 * 1_024
const INT32_MAX = 0x7fffffff
const SHORT_TEXT_MAX = 24
const ASCII_MAX = 0x7f

/**
 * Writes replies. Numbers become int32 when they are whole and fit, else doubles; `undefined` fields are left out;
 * bson's own objects keep their types.
 */
export class ReplyComposer {
  private scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  private at = 0
  private nextId = 1

  /** The reply's fields, `ok` behind them, and then what `options` says. */
  compose(message: Pick<Message, 'kind' | 'requestId'>, reply: Doc, ok: boolean, options: ReplyOptions = {}): Buffer {
    this.at = REPLY_PREFIX_BYTES[message.kind]
    const start = this.begin()
    for (const name in reply) this.writeField(name, reply[name])
    this.writeDouble('ok', ok ? 1 : 0)
    if (options.trailer !== undefined) this.writeBytes(options.trailer)
    this.end(start)
    const bytes = Buffer.allocUnsafe(this.at)
    this.scratch.copy(bytes, 0, 0, this.at)
    const { kind, requestId } = message
    writeReplyPrefix(bytes, { kind, requestId, replyId: this.nextId, moreToCome: options.moreToCome === true })
    this.nextId = this.nextId === INT32_MAX ? 1 : this.nextId + 1
    if (this.scratch.length > SCRATCH_BYTES_KEPT) this.scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
    return bytes
  }

  private reserve(bytes: number): void {
    const needed = this.at + bytes
    if (needed <= this.scratch.length) return
    if (needed > MESSAGE_BYTES_MAX) throw new RangeError(`a reply of ${needed} bytes is too large`)
    const grown = Buffer.allocUnsafeSlow(Math.min(MESSAGE_BYTES_MAX, 2 * needed))
    this.scratch.copy(grown, 0, 0, this.at)
    this.scratch = grown
  }

  private writeDocument(doc: Doc | readonly unknown[]): void {
    const start = this.begin()
    if (Array.isArray(doc)) {
      for (let i = 0; i < doc.length; i++) this.writeField(String(i), doc[i])
    } else {
      for (const name of Object.keys(doc)) this.writeField(name, (doc as Doc)[name])
    }
    this.end(start)
  }

  private begin(): number {
    this.reserve(4)
    const start = this.at
    this.at += 4
    return start
  }

  private end(start: number): void {
    this.reserve(1)
    this.scratch[this.at++] = 0
    this.scratch.writeInt32LE(this.at - start, start)
  }

  private writeHead(type: number, name: string): void {
    this.reserve(name.length * 3 + 2)
    this.scratch[this.at++] = type
    this.at += this.writeText(name, this.at)
    this.scratch[this.at++] = 0
  }

  /** Where there is room for it; how many bytes it has. Node is slow to begin with, so what is short is written here. */
  private writeText(text: string, at: number): number {
    const { scratch } = this
    if (text.length > SHORT_TEXT_MAX) return scratch.write(text, at)
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > ASCII_MAX) return scratch.write(text, at)
      scratch[at + i] = unit
    }
    return text.length
  }

  private writeField(name: string, value: unknown): void {
    switch (typeof value) {
      case 'undefined':
        return
      case 'number':
        return this.writeNumber(name, value)
      case 'string':
        return this.writeString(name, value)
      case 'boolean':
        this.writeHead(TYPE.boolean, name)
        this.reserve(1)
        this.scratch[this.at++] = value ? 1 : 0
        return
      default:
        return this.writeObject(name, value)
    }
  }

  private writeNumber(name: string, value: number): void {
    if (!Number.isInteger(value) || Math.abs(value) > INT32_MAX) return this.writeDouble(name, value)
    this.writeHead(TYPE.int32, name)
    this.reserve(4)
    this.at = this.scratch.writeInt32LE(value, this.at)
  }

  private writeDouble(name: string, value: number): void {
    this.writeHead(TYPE.double, name)
    this.reserve(8)
    this.at = this.scratch.writeDoubleLE(value, this.at)
  }

  private writeLong(name: string, value: Long): void {
    this.writeHead(TYPE.int64, name)
    this.reserve(8)
    this.at = this.scratch.writeInt32LE(value.low, this.at)
    this.at = this.scratch.writeInt32LE(value.high, this.at)
  }

  private writeString(name: string, value: string): void {
    this.writeHead(TYPE.string, name)
    this.reserve(value.length * 3 + 5)
    const length = this.writeText(value, this.at + 4)
    this.scratch.writeInt32LE(length + 1, this.at)
    this.at += 4 + length
    this.scratch[this.at++] = 0
  }

  private writeObject(name: string, value: unknown): void {
    if (value instanceof RawDocuments) {
      this.writeHead(TYPE.array, name)
      this.writeRawArray(value.documents)
    } else if (value instanceof RawDocument) {
      this.writeHead(TYPE.document, name)
      this.writeBytes(value.bytes)
    } else if (Array.isArray(value)) {
      this.writeHead(TYPE.array, name)
      this.writeDocument(value)
    } else if (isDoc(value)) {
      this.writeHead(TYPE.document, name)
      this.writeDocument(value)
    } else if (value instanceof Int32) {
      this.writeHead(TYPE.int32, name)
      this.reserve(4)
      this.at = this.scratch.writeInt32LE(value.value, this.at)
    } else if (value instanceof Double) {
      this.writeDouble(name, value.value)
    } else if (value instanceof Long && !(value instanceof Timestamp)) {
      this.writeLong(name, value)
    } else {
      // A document of this one field, without its length in front and its end behind.
      this.writeBytes(serialize({ [name]: value }, { ignoreUndefined: false }).subarray(4, -1))
    }
  }

  private writeRawArray(documents: readonly Uint8Array[]): void {
    const start = this.begin()
    for (let i = 0; i < documents.length; i++) {
      this.writeHead(TYPE.document, String(i))
      this.writeBytes(documents[i] as Uint8Array)
    }
    this.end(start)
  }

  private writeBytes(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.scratch.set(bytes, this.at)
    this.at += bytes.length
  }
}
