/** One HTTP/1.1 message, byte for byte as it came over the line. */
export interface Message {
  readonly startLine: string
  /** By lower-case name; of a repeated one the last. */
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
  /** How many of the bytes are start line and headers, with the empty line that ends them. */
  readonly headBytes: number
}

const HEAD_END = '\r\n\r\n'
const LINE_END = '\r\n'

/** Finds the boundaries of messages on a connection that is kept (RFC 9112, section 6): as much of it as a proxy needs. */
export class MessageReader {
  #held: Buffer = Buffer.alloc(0)

  push(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes])
  }

  /** What has come and is no whole message yet. */
  get held(): Buffer {
    return this.#held
  }

  /** The next request; undefined: not all of it is here yet. */
  request(): Message | undefined {
    return this.#next((head) => bodyEnd(this.#held, head, 0))
  }

  /**
   * The next answer; undefined: not all of it is here yet.
   * @param method - of the request: HEAD is answered without a body
   * @param ended - no more bytes will come, which is how a body of unknown length ends
   */
  answer(method: string, ended = false): Message | undefined {
    return this.#next((head) => {
      const status = statusOf(head)
      if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return head.headBytes
      return bodyEnd(this.#held, head, ended ? this.#held.length - head.headBytes : undefined)
    })
  }

  #next(endOf: (head: Omit<Message, 'bytes'>) => number | undefined): Message | undefined {
    const at = this.#held.indexOf(HEAD_END)
    if (at < 0) return undefined
    const head = readHead(this.#held.toString('latin1', 0, at), at + HEAD_END.length)
    const end = endOf(head)
    if (end === undefined || end > this.#held.length) return undefined
    const bytes = this.#held.subarray(0, end)
    this.#held = this.#held.subarray(end)
    return { ...head, bytes }
  }
}

export function statusOf({ startLine }: Pick<Message, 'startLine'>): number {
  return Number(startLine.split(' ')[1])
}

function readHead(text: string, headBytes: number): Omit<Message, 'bytes'> {
  const [startLine = '', ...lines] = text.split(LINE_END)
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
  })
  return { startLine, headers: Object.fromEntries(pairs), headBytes }
}

/** Where the message ends. `unsaid`: the length of a body whose length is not told. */
function bodyEnd(
  held: Buffer,
  { headers, headBytes }: Omit<Message, 'bytes'>,
  unsaid: number | undefined,
): number | undefined {
  if (/\bchunked$/i.test(headers['transfer-encoding'] ?? '')) return chunkedEnd(held, headBytes)
  const length = headers['content-length'] === undefined ? unsaid : Number(headers['content-length'])
  return length === undefined ? undefined : headBytes + length
}

function chunkedEnd(held: Buffer, from: number): number | undefined {
  for (let at = from; ;) {
    const lineEnd = held.indexOf(LINE_END, at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(held.toString('latin1', at, lineEnd), 16)
    if (!(size >= 0)) throw new Error('That is no chunk')
    at = lineEnd + LINE_END.length
    if (size === 0) return trailerEnd(held, at)
    at += size + LINE_END.length
  }
}

/** Trailer fields, if any, end with an empty line as headers do. */
function trailerEnd(held: Buffer, from: number): number | undefined {
  for (let at = from; ;) {
    const lineEnd = held.indexOf(LINE_END, at)
    if (lineEnd < 0) return undefined
    const isEmpty = lineEnd === at
    at = lineEnd + LINE_END.length
    if (isEmpty) return at
  }
}
