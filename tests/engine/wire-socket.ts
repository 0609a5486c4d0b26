import { type Socket, connect } from 'node:net'
import { once } from 'node:events'
import { BSON, type Document } from 'mongodb'

/** Opcodes of MongoDB's wire protocol. */
export const OP_REPLY = 1
export const OP_QUERY = 2004
export const OP_MSG = 2013

const HEADER_BYTES = 16

export interface Message {
  readonly requestId: number
  readonly responseTo: number
  readonly opCode: number
  readonly body: Buffer
}

/** A header of 16 bytes before a body. `length` may lie. */
export function frame(opCode: number, body: Buffer, requestId = 1, length = HEADER_BYTES + body.length): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeInt32LE(length, 0)
  header.writeInt32LE(requestId, 4)
  header.writeInt32LE(0, 8)
  header.writeInt32LE(opCode, 12)
  return Buffer.concat([header, body])
}

/** Section of kind 0: the command's document. */
export function bodySection(document: Document | Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0), document instanceof Uint8Array ? document : BSON.serialize(document)])
}

/** Section of kind 1: a named sequence of documents. */
export function sequenceSection(name: string, documents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat([Buffer.from(`${name}\0`), ...documents])
  const size = Buffer.alloc(4)
  size.writeInt32LE(content.length + 4)
  return Buffer.concat([Buffer.of(1), size, content])
}

export function opMsg(sections: readonly Uint8Array[], requestId = 1, flags = 0): Buffer {
  const bits = Buffer.alloc(4)
  bits.writeUInt32LE(flags)
  return frame(OP_MSG, Buffer.concat([bits, ...sections]), requestId)
}

/** A command as drivers sent it before OP_MSG: today only for the first hello. */
export function opQuery(namespace: string, query: Document, requestId = 1): Buffer {
  const flagsAndName = Buffer.concat([Buffer.alloc(4), Buffer.from(`${namespace}\0`)])
  const skipAndReturn = Buffer.alloc(8)
  skipAndReturn.writeInt32LE(-1, 4)
  return frame(OP_QUERY, Buffer.concat([flagsAndName, skipAndReturn, BSON.serialize(query)]), requestId)
}

/** The document of an OP_MSG reply. */
export function msgDocument({ body }: Message, options: BSON.DeserializeOptions = {}): Document {
  return BSON.deserialize(body.subarray(5), options)
}

/** The document of an OP_REPLY. */
export function replyDocument({ body }: Message): Document {
  return BSON.deserialize(body.subarray(20))
}

/** One TCP connection that sends any bytes and reads whole messages. */
export class WireSocket {
  private received = Buffer.alloc(0)
  private readonly closing: Promise<unknown>

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.received = Buffer.concat([this.received, chunk])))
    socket.on('error', () => undefined) // a reset is one way to close
    socket.unref() // a test that fails leaves it open, and must not hold up the rest
    this.closing = new Promise((resolve) => socket.once('close', resolve))
  }

  static async open(uri: string): Promise<WireSocket> {
    const { hostname, port } = new URL(uri)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    return new WireSocket(socket)
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  async request(bytes: Uint8Array): Promise<Message> {
    this.write(bytes)
    const message = await this.next()
    if (!message) throw new Error('The server closed the connection instead of answering')
    return message
  }

  /** The next message; undefined when the server closes the connection instead. */
  async next(timeoutMs = 5_000): Promise<Message | undefined> {
    for (const end = Date.now() + timeoutMs; ;) {
      const message = this.take()
      if (message || this.socket.destroyed) return message
      const waitMs = end - Date.now()
      if (waitMs <= 0) throw new Error(`Neither an answer nor a close within ${timeoutMs} ms`)
      await this.somethingWithin(waitMs)
    }
  }

  /** Reads no more: what is sent to it waits in the sender's buffers. */
  pause(): void {
    this.socket.pause()
  }

  /** Nothing more will be sent; answers still come. */
  endOfInput(): void {
    this.socket.end()
  }

  end(): Promise<unknown> {
    this.socket.destroy()
    return this.closing
  }

  private take(): Message | undefined {
    if (this.received.length < HEADER_BYTES) return undefined
    const length = this.received.readInt32LE(0)
    if (this.received.length < length) return undefined
    const bytes = this.received.subarray(0, length)
    this.received = this.received.subarray(length)
    return {
      requestId: bytes.readInt32LE(4),
      responseTo: bytes.readInt32LE(8),
      opCode: bytes.readInt32LE(12),
      body: bytes.subarray(HEADER_BYTES),
    }
  }

  private async somethingWithin(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)))
    let onData: (() => void) | undefined
    const data = new Promise<void>((resolve) => this.socket.once('data', (onData = resolve)))
    await Promise.race([late, data, this.closing])
    clearTimeout(timer)
    if (onData) this.socket.off('data', onData)
  }
}
