import { messageLength } from './message'

const LENGTH_BYTES = 4
const BUFFER_BYTES_MIN = 4_096
/** Up to here a buffer is made twice as large as needed; beyond it not larger than its message. */
const BUFFER_BYTES_AMPLE = 2 * 1_024 * 1_024

/** Cuts a stream of bytes into messages. Copies what arrives, and each byte a bounded number of times. */
export class Frames {
  private buffer: Buffer = Buffer.alloc(0)
  private start = 0
  private end = 0

  /** Bytes that wait for the rest of their message, or to be taken. */
  get waitingBytes(): number {
    return this.end - this.start
  }

  /** Bytes of memory for them. */
  get heldBytes(): number {
    return this.start === this.end ? 0 : this.buffer.length
  }

  push(chunk: Buffer): void {
    if (this.start === this.end) {
      // A small one is cut from Node's pool.
      this.buffer = Buffer.allocUnsafe(chunk.length)
      this.start = 0
      this.end = 0
    } else if (this.end + chunk.length > this.buffer.length) this.grow(chunk.length)
    chunk.copy(this.buffer, this.end)
    this.end += chunk.length
  }

  /** The next whole message, undefined while it has not come. Throws MalformedMessageError for an impossible length. */
  next(): Buffer | undefined {
    if (this.waitingBytes < LENGTH_BYTES) return undefined
    const length = messageLength(this.buffer, this.start)
    if (this.waitingBytes < length) return undefined
    const message = this.buffer.subarray(this.start, this.start + length)
    this.start += length
    return message
  }

  /** A new buffer each time, never a move within the old one: messages that were handed out still look into that. */
  private grow(more: number): void {
    const needed = this.waitingBytes + more
    const claimed = this.waitingBytes < LENGTH_BYTES ? 0 : this.buffer.readInt32LE(this.start)
    const ample = Math.min(2 * needed, Math.max(claimed, BUFFER_BYTES_AMPLE))
    const grown = Buffer.allocUnsafe(Math.max(BUFFER_BYTES_MIN, needed, ample))
    this.buffer.copy(grown, 0, this.start, this.end)
    this.end -= this.start
    this.start = 0
    this.buffer = grown
  }
}
