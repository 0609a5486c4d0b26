import type { Socket } from 'node:net'
import type { ConnectionInfo } from './commands/command'
import type { Dispatcher } from './dispatch'
import { Frames } from './wire/frames'
import { continuation, MalformedMessageError, parseMessage } from './wire/message'
import type { Message } from './wire/message'

/** What may wait behind the message that is being answered before the socket is read no further. */
const WAITING_BYTES_MAX = 1_024 * 1_024

/** One client's connection: messages in, answers out, in order and one at a time. */
export class Connection {
  private readonly frames = new Frames()
  private busy = false
  private ended = false
  /** A request that has been answered, and will be answered again. */
  private streaming: Message | undefined
  private whenIdle: (() => void) | undefined

  constructor(
    private readonly socket: Socket,
    private readonly info: ConnectionInfo,
    private readonly dispatcher: Dispatcher,
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
    if (this.busy) await new Promise<void>((resolve) => (this.whenIdle = resolve))
    this.socket.end()
    this.socket.destroySoon()
  }

  private receive(chunk: Buffer): void {
    this.frames.push(chunk)
    if (!this.busy) this.work()
    else if (this.frames.waitingBytes > WAITING_BYTES_MAX) this.socket.pause()
  }

  /** Answers what has come, until there is nothing whole left or something must be waited for. */
  private work(): void {
    try {
      while (!this.busy && !this.ended && !this.socket.destroyed) {
        const message = this.streaming ?? this.nextMessage()
        if (message === undefined) break
        const answer = this.dispatcher.answer(message, this.info)
        if (answer instanceof Promise) this.wait(message, answer)
        else this.busy = !this.send(message, answer)
      }
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error
      // Where the next message begins cannot be known any more.
      this.socket.destroy()
    }
  }

  private nextMessage(): Message | undefined {
    const bytes = this.frames.next()
    return bytes === undefined ? undefined : parseMessage(bytes)
  }

  private wait(message: Message, answer: Promise<Buffer | undefined>): void {
    this.busy = true
    void answer.then((bytes) => {
      this.busy = !this.send(message, bytes)
      if (!this.busy) this.proceed()
    })
  }

  /** False when the client does not read its answers: it gets no more of them until 'drain'. */
  private send(message: Message, bytes: Buffer | undefined): boolean {
    this.streaming = message.exhaustAllowed && bytes !== undefined ? continuation(message, bytes) : undefined
    return bytes === undefined || this.socket.destroyed || this.socket.write(bytes)
  }

  private proceed(): void {
    this.busy = false
    this.whenIdle?.()
    this.work()
    if (this.socket.isPaused() && this.frames.waitingBytes <= WAITING_BYTES_MAX) this.socket.resume()
  }
}
