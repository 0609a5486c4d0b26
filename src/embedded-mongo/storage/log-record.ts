import { crc32 } from 'node:zlib'

/*
 * A record of the log: what a group of writes changed. All numbers are little-endian.
 *
 *   magic (4) · bytes of the whole record (4) · CRC-32 of all that follows (4)
 *   generation (8, a double) · its number within that (4) · records of the generation before (4)
 *   and for each change: tree (2) · bytes of the key (2) · bytes of the value (4), or REMOVED · key · value
 */
const MAGIC = 0x676f4c52
const OFFSET = { length: 4, checksum: 8, generation: 12, number: 20, before: 24 } as const
const CHECKED_FROM = OFFSET.generation
const HEAD_BYTES = 28
const CHANGE_HEAD_BYTES = 8
const REMOVED = 0xffff_ffff
const BUFFER_BYTES = 64 * 1_024

/** Where a record stands. */
export interface RecordPlace {
  readonly generation: number
  /** From 0. */
  readonly number: number
  /** How many records the generation before has. */
  readonly before: number
}

/** Writes one record after another into one buffer. */
export class RecordWriter {
  private buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  private length = HEAD_BYTES

  get isEmpty(): boolean {
    return this.length === HEAD_BYTES
  }

  /** `value` undefined: the entry was removed. */
  add(tree: number, key: Buffer, value: Buffer | undefined): void {
    const valueBytes = value?.length ?? 0
    this.reserve(CHANGE_HEAD_BYTES + key.length + valueBytes)
    let at = this.buffer.writeUInt16LE(tree, this.length)
    at = this.buffer.writeUInt16LE(key.length, at)
    at = this.buffer.writeUInt32LE(value === undefined ? REMOVED : valueBytes, at)
    this.buffer.set(key, at)
    if (value !== undefined) this.buffer.set(value, at + key.length)
    this.length = at + key.length + valueBytes
  }

  private reserve(bytes: number): void {
    const needed = this.length + bytes
    if (needed <= this.buffer.length) return
    const grown = Buffer.allocUnsafeSlow(2 * needed)
    grown.set(this.buffer.subarray(0, this.length))
    this.buffer = grown
  }

  /** The whole record, good until the next one is begun. */
  finish({ generation, number, before }: RecordPlace): Buffer {
    const record = this.buffer.subarray(0, this.length)
    record.writeUInt32LE(MAGIC, 0)
    record.writeUInt32LE(this.length, OFFSET.length)
    record.writeDoubleLE(generation, OFFSET.generation)
    record.writeUInt32LE(number, OFFSET.number)
    record.writeUInt32LE(before, OFFSET.before)
    record.writeUInt32LE(crc32(record.subarray(CHECKED_FROM)), OFFSET.checksum)
    return record
  }

  /** Begins the next record. */
  clear(): void {
    this.length = HEAD_BYTES
    if (this.buffer.length > BUFFER_BYTES) this.buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  }
}

export interface LoggedChange {
  readonly tree: number
  readonly key: Buffer
  readonly value: Buffer | undefined
}

/** A record that was acknowledged cannot be read any more. */
export class DamagedLogError extends Error {}

/**
 * The whole records of a generation, in their order: they end where a crash has ended them. Throws DamagedLogError when
 * there are others behind that end: each was written when those before it were on disk.
 */
export function readRecords(file: Buffer, generation: number): readonly Buffer[] {
  const records: Buffer[] = []
  let at = 0
  for (;;) {
    const record = recordAt(file, at, generation)
    if (record?.readUInt32LE(OFFSET.number) !== records.length) break
    records.push(record)
    at += record.length
  }
  for (let next = nextMagic(file, at); next >= 0; next = nextMagic(file, next + 1)) {
    const record = recordAt(file, next, generation)
    if (record !== undefined && record.readUInt32LE(OFFSET.number) >= records.length) {
      throw new DamagedLogError(`a record at byte ${at} cannot be read`)
    }
  }
  return records
}

/** How many records the generation before this one's has. */
export function recordsBefore(record: Buffer): number {
  return record.readUInt32LE(OFFSET.before)
}

const MAGIC_BYTES = Buffer.alloc(4)
MAGIC_BYTES.writeUInt32LE(MAGIC)

function nextMagic(file: Buffer, from: number): number {
  return file.indexOf(MAGIC_BYTES, from)
}

function recordAt(file: Buffer, at: number, generation: number): Buffer | undefined {
  if (at + HEAD_BYTES > file.length || file.readUInt32LE(at) !== MAGIC) return undefined
  const length = file.readUInt32LE(at + OFFSET.length)
  if (length < HEAD_BYTES || at + length > file.length) return undefined
  const record = file.subarray(at, at + length)
  if (record.readDoubleLE(OFFSET.generation) !== generation) return undefined
  return record.readUInt32LE(OFFSET.checksum) === crc32(record.subarray(CHECKED_FROM)) ? record : undefined
}

export function* changesOf(record: Buffer): Generator<LoggedChange> {
  for (let at = HEAD_BYTES; at < record.length;) {
    const tree = record.readUInt16LE(at)
    const keyEnd = at + CHANGE_HEAD_BYTES + record.readUInt16LE(at + 2)
    const valueBytes = record.readUInt32LE(at + 4)
    const end = valueBytes === REMOVED ? keyEnd : keyEnd + valueBytes
    const value = valueBytes === REMOVED ? undefined : record.subarray(keyEnd, end)
    yield { tree, key: record.subarray(at + CHANGE_HEAD_BYTES, keyEnd), value }
    at = end
  }
}
