import { crc32c } from './crc32c'

/*
 * The frames of MongoDB's wire protocol.
 * https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
 */

/** The longest message that is read or written, its header included: what `hello` tells drivers. */
export const MESSAGE_BYTES_MAX = 48_000_000
export const HEADER_BYTES = 16

const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013

const FLAG_CHECKSUM_PRESENT = 1 << 0
const FLAG_MORE_TO_COME = 1 << 1
const FLAG_EXHAUST_ALLOWED = 1 << 16
/** An unknown bit among the lower sixteen must be refused; an unknown one among the upper may be ignored. */
const FLAGS_REQUIRED_UNKNOWN = 0xffff & ~(FLAG_CHECKSUM_PRESENT | FLAG_MORE_TO_COME)

const CHECKSUM_BYTES = 4
const MSG_SECTIONS_OFFSET = HEADER_BYTES + 4
const DOCUMENT_BYTES_MIN = 5
/** Body and payload sections of one OP_MSG; a driver sends two or three. */
const SECTIONS_MAX = 16

/** The bytes are no message of this protocol: nothing that follows them can be trusted, so the connection ends. */
export class MalformedMessageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'MalformedMessageError'
  }
}

/** One request. `body` and the documents of `sequences` are raw BSON whose total length has been checked. */
export interface Message {
  readonly requestId: number
  /** `query` is the legacy handshake, which is answered by an OP_REPLY. */
  readonly kind: 'msg' | 'query'
  readonly body: Buffer
  /** Document sequences: field name → raw documents. */
  readonly sequences: ReadonlyMap<string, readonly Buffer[]>
  /** The client wants no answer. */
  readonly moreToCome: boolean
  /** The client would accept a stream of answers to this one request. */
  readonly exhaustAllowed: boolean
  /** It has been answered before, and the client waits for more. */
  readonly repeated: boolean
}

const NO_SEQUENCES: ReadonlyMap<string, readonly Buffer[]> = new Map()

/** The length that a message claims, checked against the bounds. At least four bytes stand at `at`. */
export function messageLength(bytes: Buffer, at: number): number {
  const length = bytes.readInt32LE(at)
  if (length < HEADER_BYTES || length > MESSAGE_BYTES_MAX) {
    throw new MalformedMessageError(`a message of ${length} bytes is outside ${HEADER_BYTES} to ${MESSAGE_BYTES_MAX}`)
  }
  return length
}

/** Parses one whole message. Throws MalformedMessageError. */
export function parseMessage(bytes: Buffer): Message {
  const opCode = bytes.readInt32LE(12)
  if (opCode === OP_MSG) return parseMsg(bytes)
  if (opCode === OP_QUERY) return parseQuery(bytes)
  throw new MalformedMessageError(`operation ${opCode} is not supported`)
}

function parseMsg(bytes: Buffer): Message {
  if (bytes.length < MSG_SECTIONS_OFFSET + 1) throw new MalformedMessageError('OP_MSG without a section')
  const flags = bytes.readUInt32LE(HEADER_BYTES)
  if ((flags & FLAGS_REQUIRED_UNKNOWN) !== 0) throw new MalformedMessageError(`unknown flags ${flags}`)
  const end = (flags & FLAG_CHECKSUM_PRESENT) === 0 ? bytes.length : checkedEnd(bytes)
  let body: Buffer | undefined
  let sequences: Map<string, Buffer[]> | undefined
  let at = MSG_SECTIONS_OFFSET
  for (let sections = 0; at < end; sections++) {
    if (sections === SECTIONS_MAX) throw new MalformedMessageError(`more than ${SECTIONS_MAX} sections`)
    const kind = bytes[at]
    at += 1
    const size = sizeAt(bytes, at, end)
    if (kind === 0 && body === undefined) {
      body = bytes.subarray(at, at + size)
    } else if (kind === 1) {
      sequences ??= new Map()
      addSequence(sequences, bytes, at, at + size)
    } else {
      throw new MalformedMessageError(kind === 0 ? 'two body sections' : `unknown section kind ${kind}`)
    }
    at += size
  }
  if (body === undefined) throw new MalformedMessageError('OP_MSG without a body section')
  return {
    requestId: bytes.readInt32LE(4),
    kind: 'msg',
    body,
    sequences: sequences ?? NO_SEQUENCES,
    moreToCome: (flags & FLAG_MORE_TO_COME) !== 0,
    exhaustAllowed: (flags & FLAG_EXHAUST_ALLOWED) !== 0,
    repeated: false,
  }
}

function checkedEnd(bytes: Buffer): number {
  const end = bytes.length - CHECKSUM_BYTES
  if (end <= MSG_SECTIONS_OFFSET || crc32c(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) {
    throw new MalformedMessageError('the checksum does not match')
  }
  return end
}

function addSequence(sequences: Map<string, Buffer[]>, bytes: Buffer, start: number, end: number): void {
  const nameStart = start + 4
  const nameEnd = bytes.indexOf(0, nameStart)
  if (nameEnd < 0 || nameEnd >= end) throw new MalformedMessageError('a document sequence without a name')
  const name = bytes.toString('utf8', nameStart, nameEnd)
  if (sequences.has(name)) throw new MalformedMessageError(`two document sequences named ${name}`)
  const documents: Buffer[] = []
  let at = nameEnd + 1
  while (at < end) {
    const size = sizeAt(bytes, at, end)
    documents.push(bytes.subarray(at, at + size))
    at += size
  }
  sequences.set(name, documents)
}

/** The length of what begins at `at`: itself included, and at least an empty document. */
function sizeAt(bytes: Buffer, at: number, end: number): number {
  const size = at + 4 <= end ? bytes.readInt32LE(at) : -1
  if (size < DOCUMENT_BYTES_MIN || at + size > end) throw new MalformedMessageError(`a length of ${size} at byte ${at}`)
  return size
}

/** The first message of most drivers: `hello` as a query on `admin.$cmd`. */
function parseQuery(bytes: Buffer): Message {
  const nameStart = HEADER_BYTES + 4
  const nameEnd = bytes.indexOf(0, nameStart)
  const bodyStart = nameEnd + 1 + 8
  if (nameEnd < 0 || !bytes.toString('latin1', nameStart, nameEnd).endsWith('.$cmd')) {
    throw new MalformedMessageError('OP_QUERY is answered for commands alone')
  }
  const size = sizeAt(bytes, bodyStart, bytes.length)
  return {
    requestId: bytes.readInt32LE(4),
    kind: 'query',
    body: bytes.subarray(bodyStart, bodyStart + size),
    sequences: NO_SEQUENCES,
    moreToCome: false,
    exhaustAllowed: false,
    repeated: false,
  }
}

/** Bytes that a reply needs in front of its document: the header and what its operation puts before the document. */
export const REPLY_PREFIX_BYTES = { msg: HEADER_BYTES + 5, query: HEADER_BYTES + 20 } as const

export interface ReplyPrefix {
  readonly kind: Message['kind']
  readonly replyId: number
  readonly requestId: number
  /** Another answer to the same request follows. */
  readonly moreToCome: boolean
}

/** What the client gets its next answer to, without asking again; undefined when this was the last. */
export function continuation(message: Message, reply: Buffer): Message | undefined {
  if (reply.readInt32LE(12) !== OP_MSG || (reply.readUInt32LE(HEADER_BYTES) & FLAG_MORE_TO_COME) === 0) return undefined
  return { ...message, requestId: reply.readInt32LE(4), repeated: true }
}

/** Fills in what stands before the document. `bytes` is the whole reply. */
export function writeReplyPrefix(bytes: Buffer, prefix: ReplyPrefix): void {
  bytes.writeInt32LE(bytes.length, 0)
  bytes.writeInt32LE(prefix.replyId, 4)
  bytes.writeInt32LE(prefix.requestId, 8)
  if (prefix.kind === 'msg') {
    bytes.writeInt32LE(OP_MSG, 12)
    bytes.writeUInt32LE(prefix.moreToCome ? FLAG_MORE_TO_COME : 0, HEADER_BYTES)
    bytes[HEADER_BYTES + 4] = 0
  } else {
    const AWAIT_CAPABLE = 8
    bytes.writeInt32LE(OP_REPLY, 12)
    bytes.writeInt32LE(AWAIT_CAPABLE, HEADER_BYTES)
    bytes.fill(0, HEADER_BYTES + 4, HEADER_BYTES + 16)
    bytes.writeInt32LE(1, HEADER_BYTES + 16)
  }
}
