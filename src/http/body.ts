import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, type ZlibOptions } from 'node:zlib'
import { AppError } from '../errors'
import { parseJson } from './json-text'

export const BODY_BYTES_MAX = 1_048_576
/** Where anybody may call: what is wrong with a large body is dear to find out. */
export const ANYBODYS_BODY_BYTES_MAX = 65_536
const JSON_TYPE = 'application/json'
const UTF8 = new Set(['utf-8', 'utf8'])

type Inflate = (bytes: Buffer, options: Pick<ZlibOptions, 'maxOutputLength'>) => Promise<Buffer>

const INFLATERS: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', promisify(gunzip)],
  ['br', promisify(brotliDecompress)],
])

/**
 * Reads a JSON body of at most `bytesMax`, counted after decompression as well.
 * @param consumes the media types that the route takes.
 * @throws AppError MALFORMED_JSON (absent, not JSON, too deep), UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE; what is left
 * unread then is discarded by Node once the answer is out.
 */
export async function readBody(
  req: IncomingMessage,
  consumes: readonly string[] = [JSON_TYPE],
  bytesMax = BODY_BYTES_MAX,
): Promise<unknown> {
  if (!hasBody(req)) throw absent()
  requireMediaType(req.headers['content-type'], consumes)
  const inflate = inflaterOf(req.headers['content-encoding'])
  const sent = await collect(req, bytesMax)
  if (sent.length === 0) throw absent()
  return parseJson(inflate ? await inflated(sent, inflate, bytesMax) : sent)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function absent(): AppError {
  return new AppError('MALFORMED_JSON', { message: 'The request body is missing: this call needs a JSON body' })
}

function requireMediaType(header: string | undefined, consumes: readonly string[]): void {
  if (header === JSON_TYPE && consumes.includes(JSON_TYPE)) return
  const [type = '', ...parameters] = (header ?? '').toLowerCase().split(';')
  const charsets = parameters.map((text) => text.trim()).filter((text) => text.startsWith('charset='))
  const readable = charsets.every((text) => UTF8.has(text.slice('charset='.length).replaceAll('"', '')))
  if (readable && consumes.includes(type.trim())) return
  const message = readable ? `The request body must be ${consumes.join(' or ')}` : 'The request body must be in UTF-8'
  throw new AppError('UNSUPPORTED_MEDIA_TYPE', { message })
}

function inflaterOf(encoding: string | undefined): Inflate | undefined {
  if (encoding === undefined || encoding === 'identity') return undefined
  const inflate = INFLATERS.get(encoding.toLowerCase())
  if (inflate) return inflate
  const known = [...INFLATERS.keys()].join(' or ')
  throw new AppError('UNSUPPORTED_MEDIA_TYPE', { message: `Content-Encoding must be ${known}, or absent` })
}

async function inflated(bytes: Buffer, inflate: Inflate, bytesMax: number): Promise<Buffer> {
  try {
    return await inflate(bytes, { maxOutputLength: bytesMax })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new AppError('PAYLOAD_TOO_LARGE')
    throw new AppError('MALFORMED_JSON', { message: 'The request body cannot be decompressed', cause: error })
  }
}

function collect(req: IncomingMessage, bytesMax: number): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > bytesMax) return Promise.reject(new AppError('PAYLOAD_TOO_LARGE'))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const onData = (chunk: Buffer) => {
      length += chunk.length
      chunks.push(chunk)
      if (length > bytesMax) settle(() => reject(new AppError('PAYLOAD_TOO_LARGE')))
    }
    const onEnd = () =>
      settle(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length)))
    const onError = (cause: Error) => settle(() => reject(new AppError('BAD_REQUEST', { cause })))
    const settle = (outcome: () => void) => {
      // The error listener stays: a connection that breaks later must not end the process.
      req.off('data', onData).off('end', onEnd)
      outcome()
    }
    req.on('data', onData).on('end', onEnd).on('error', onError)
  })
}
