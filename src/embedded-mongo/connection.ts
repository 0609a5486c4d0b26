import type { Socket } from 'node:net'
import type { ConnectionInfo } from './commands/command'
import type { Dispatcher } from './dispatch'
import { inOwnTurn } from './turn'
import type { Holder, Traffic } from './traffic'
import { Frames } from './wire/frames'
import { continuation, MalformedMessageError, parseMessage } from './wire/message'
import type { Message } from './wire/message'

/** What may wait behind the message that is being answered before the socket is read no further. */
const WAITING_BYTES_MAX = 1_024 * 1_024
/** How long answers may lie unread, without any progress. */
const UNREAD_MS_MAX = 5 * 60_000
/** Answers larger than this, together, wait for nothing. */
const OUTGOING_BYTES_MAX = 256 * 1_024

/** What connections share. */
export interface Surroundings {
  readonly dispatcher: Dispatcher
  readonly traffic: Traffic
}

/** One client's connection: messages in, answers out, in order and one at a time. */
export class Connection implements Holder {
  private readonly frames = new Frames()
  /** An answer is being made that others must wait for. */
  private answering = false
  /** There is more to do, in a turn of its own. */
  private resting = false
  private ended = false
  /** A request that has been answered, and will be answered again. */
  private streaming: Message | undefined
  private readonly whenIdle: (() => void)[] = []
  private outgoing: Buffer[] = []
  private outgoingBytes = 0
  /** Since when a message has been coming, and since when nothing has been read of what was sent. */
  private incompleteSince: number | undefined
  private unread = { bytes: 0, since: 0 }

  constructor(
    private readonly socket: Socket,
    private readonly info: ConnectionInfo,
    private readonly shared: Surroundings,
  ) {
    socket.setNoDelay(true)
    socket.on('drain', () => this.proceed())
    // A client that goes away is no error of ours; 'close' follows.
    socket.on('error', () => undefined)
    socket.on('close', () => this.shared.traffic.account(this))
  }

  get heldBytes(): number {
    return this.socket.destroyed ? 0 : this.frames.heldBytes + this.outgoingBytes + this.socket.writableLength
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Ends the connection, after the answer to what is being done. */
  async end(): Promise<void> {
    this.ended = true
    await this.idle()
    this.flush()
    this.socket.end()
    this.socket.destroySoon()
  }

  /** Resolves when no answer is being made any more, be it for a client that has gone. */
  async idle(): Promise<void> {
    if (this.answering) await new Promise<void>((resolve) => this.whenIdle.push(resolve))
  }

  /** To be called every now and then: closes a connection whose client neither goes on nor goes. */
  checkProgress(now: number, messageMsMax: number): void {
    if (!this.mayWork || this.frames.waitingBytes === 0) this.incompleteSince = undefined
    else this.incompleteSince ??= now
    const bytes = this.socket.writableLength
    if (bytes === 0 || bytes < this.unread.bytes || this.unread.bytes === 0) this.unread = { bytes, since: now }
    const isLate = this.incompleteSince !== undefined && now - this.incompleteSince > messageMsMax
    if (isLate || now - this.unread.since > UNREAD_MS_MAX) this.destroy()
  }

  /** What has come; it is copied. */
  receive(chunk: Buffer): void {
    this.frames.push(chunk)
    if (this.mayWork) this.work()
    else if (this.frames.waitingBytes > WAITING_BYTES_MAX) this.socket.pause()
    this.shared.traffic.account(this)
  }

  /** Not while an answer is being made, nor for a client that does not read its answers: that one waits for 'drain'. */
  private get mayWork(): boolean {
    const isFree = !this.answering && !this.resting && !this.ended
    return isFree && !this.socket.destroyed && !this.socket.writableNeedDrain
  }

  /** Answers what has come, until there is nothing whole left, something must be waited for, or the turn is over. */
  private work(): void {
    try {
      while (this.mayWork) {
        const message = this.streaming ?? this.nextMessage()
        if (message === undefined) break
        this.shared.traffic.beginTurn()
        const answer = this.shared.dispatcher.answer(message, this.info)
        if (answer instanceof Promise) this.wait(message, answer)
        else this.send(message, answer)
        if (this.hasMore && this.shared.traffic.isTurnOver()) this.rest()
      }
      this.flush()
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error
      // Where the next message begins cannot be known any more.
      this.flush()
      this.socket.destroy()
    }
  }

  private get hasMore(): boolean {
    return this.frames.waitingBytes > 0 || this.streaming !== undefined
  }

  private nextMessage(): Message | undefined {
    const bytes = this.frames.next()
    if (bytes === undefined) return undefined
    this.incompleteSince = undefined
    return parseMessage(bytes)
  }

  private wait(message: Message, answer: Promise<Buffer | undefined>): void {
    this.answering = true
    void answer.then((bytes) => {
      this.answering = false
      this.send(message, bytes)
      this.flush()
      for (const tell of this.whenIdle.splice(0)) tell()
      this.proceed()
    })
  }

  private rest(): void {
    if (this.resting) return
    this.resting = true
    inOwnTurn(() => {
      this.resting = false
      this.proceed()
    })
  }

  private send(message: Message, bytes: Buffer | undefined): void {
    this.streaming = message.exhaustAllowed && bytes !== undefined ? continuation(message, bytes) : undefined
    if (bytes === undefined) return
    this.outgoing.push(bytes)
    this.outgoingBytes += bytes.length
    if (this.outgoingBytes > OUTGOING_BYTES_MAX) this.flush()
  }

  /** Hands what has been answered to the socket, in one piece. */
  private flush(): void {
    const [first, ...others] = this.outgoing
    if (first === undefined) return
    this.outgoing = []
    this.outgoingBytes = 0
    if (this.socket.destroyed) return
    this.socket.write(others.length === 0 ? first : Buffer.concat([first, ...others]))
    if (this.socket.writableNeedDrain) this.shared.traffic.account(this)
  }

  private proceed(): void {
    if (this.mayWork) this.work()
    // Whoever may still work waits for the rest of a message, however much of it there is.
    if (this.socket.isPaused() && (this.mayWork || this.frames.waitingBytes <= WAITING_BYTES_MAX)) this.socket.resume()
    this.shared.traffic.account(this)
  }
}
