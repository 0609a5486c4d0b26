import type { Socket } from 'node:net'
import type { ConnectionInfo } from './commands/command'
import type { Dispatcher } from './dispatch'
import type { Outbox, Sender } from './outbox'
import { Frames } from './wire/frames'
import { continuation, MalformedMessageError, parseMessage } from './wire/message'
import type { Message } from './wire/message'

/** What may wait behind the message that is being answered before the socket is read no further. */
const WAITING_BYTES_MAX = 1_024 * 1_024
/** Answers larger than this, together, wait for nothing. */
const OUTGOING_BYTES_MAX = 256 * 1_024

/** One client's connection: messages in, answers out, in order and one at a time. */
export class Connection implements Sender {
  private readonly frames = new Frames()
  /** An answer is being made that others must wait for. */
  private answering = false
  private ended = false
  /** A request that has been answered, and will be answered again. */
  private streaming: Message | undefined
  private whenIdle: (() => void) | undefined
  private outgoing: Buffer[] = []
  private outgoingBytes = 0

  constructor(
    private readonly socket: Socket,
    private readonly info: ConnectionInfo,
    private readonly dispatcher: Dispatcher,
    private readonly outbox: Outbox,
  ) {
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.receive(chunk))
    socket.on('drain', () => this.proceed())
    // A client that goes away is no error of ours; 'close' follows.
    socket.on('error', () => undefined)
    socket.on('close', () => this.whenIdle?.())
  }

  /** Ends the connection, after the answer to what is being done. */
  async end(): Promise<void> {
    this.ended = true
    if (this.answering) await new Promise<void>((resolve) => (this.whenIdle = resolve))
    this.flush()
    this.socket.end()
    this.socket.destroySoon()
  }

  private receive(chunk: Buffer): void {
    this.frames.push(chunk)
    if (this.mayWork) this.work()
    else if (this.frames.waitingBytes > WAITING_BYTES_MAX) this.socket.pause()
  }

  /** Not while an answer is being made, nor for a client that does not read its answers: that one waits for 'drain'. */
  private get mayWork(): boolean {
    return !this.answering && !this.ended && !this.socket.destroyed && !this.socket.writableNeedDrain
  }

  /** Answers what has come, until there is nothing whole left or something must be waited for. */
  private work(): void {
    try {
      while (this.mayWork) {
        const message = this.streaming ?? this.nextMessage()
        if (message === undefined) break
        this.outbox.flushOverdue()
        const answer = this.dispatcher.answer(message, this.info)
        if (answer instanceof Promise) this.wait(message, answer)
        else this.send(message, answer)
      }
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error
      // Where the next message begins cannot be known any more.
      this.flush()
      this.socket.destroy()
    }
  }

  private nextMessage(): Message | undefined {
    const bytes = this.frames.next()
    return bytes === undefined ? undefined : parseMessage(bytes)
  }

  private wait(message: Message, answer: Promise<Buffer | undefined>): void {
    this.answering = true
    void answer.then((bytes) => {
      this.answering = false
      this.send(message, bytes)
      this.whenIdle?.()
      this.proceed()
    })
  }

  private send(message: Message, bytes: Buffer | undefined): void {
    this.streaming = message.exhaustAllowed && bytes !== undefined ? continuation(message, bytes) : undefined
    if (bytes === undefined) return
    this.outgoing.push(bytes)
    this.outgoingBytes += bytes.length
    if (this.outgoingBytes > OUTGOING_BYTES_MAX) this.flush()
    else if (this.outgoing.length === 1) this.outbox.add(this)
  }

  /** Hands what has been answered to the socket, in one piece. */
  flush(): void {
    const [first, ...others] = this.outgoing
    if (first === undefined) return
    this.outgoing = []
    this.outgoingBytes = 0
    if (!this.socket.destroyed) this.socket.write(others.length === 0 ? first : Buffer.concat([first, ...others]))
  }

  private proceed(): void {
    if (this.mayWork) this.work()
    if (this.socket.isPaused() && this.frames.waitingBytes <= WAITING_BYTES_MAX) this.socket.resume()
  }
}
