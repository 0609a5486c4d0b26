import type { Socket } from 'node:net'
import { type Message, MessageReader, statusOf } from './http-framing'

interface Waiting {
  readonly method: string
  readonly resolve: (answer: Message) => void
  readonly reject: (error: Error) => void
}

/** A proxy's connection to the server behind it: one request at a time, bytes in, bytes out. */
export class Upstream {
  readonly #socket: Socket
  readonly #reader = new MessageReader()
  #waiting: Waiting | undefined

  /** @param onIdleEnd - the server hung up while nobody waited for it */
  constructor(socket: Socket, onIdleEnd: () => void = () => undefined) {
    this.#socket = socket
    socket
      .on('data', (bytes: Buffer) => {
        this.#reader.push(bytes)
        this.#settle(false)
      })
      .once('close', () => (this.#waiting ? this.#settle(true) : onIdleEnd()))
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable
  }

  /** The whole answer. @throws Error when the server hangs up before its end */
  exchange(method: string, request: Buffer): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#waiting = { method, resolve, reject }
      if (!this.isOpen && !this.#socket.connecting) return this.#settle(true)
      this.#socket.write(request)
    })
  }

  /** Sends what is no whole request, and hangs up. */
  async break(bytes: Buffer): Promise<void> {
    await new Promise((resolve) => this.#socket.write(bytes, resolve))
    this.#socket.resetAndDestroy()
  }

  close(): void {
    this.#socket.destroy()
  }

  #settle(ended: boolean): void {
    const { method, resolve, reject } = this.#waiting ?? {}
    if (method === undefined) return
    let answer = this.#reader.answer(method, ended)
    // 100 Continue and its like come before the answer.
    while (answer && statusOf(answer) < 200) answer = this.#reader.answer(method, ended)
    if (!answer && !ended) return
    this.#waiting = undefined
    if (answer) resolve?.(answer)
    else reject?.(new Error('The server hung up'))
  }
}
