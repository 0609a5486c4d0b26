import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  write,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DamagedLogError, readRecords, recordsBefore } from './log-record'
import type { RecordWriter } from './log-record'

/** Generations have them in turn: one is written to while what the other has is on its way into lmdb. */
export const LOG_FILES = ['log-0', 'log-1'] as const
/** What a file takes from the start: writing within it changes nothing but its content, which is flushed sooner. */
const LOG_FILE_BYTES = 4 * 1_024 * 1_024
/** A file that a large record has made larger than this is cut when its next generation begins. */
const LOG_FILE_BYTES_KEPT = 4 * LOG_FILE_BYTES

/** Linux can flush what it writes by itself; elsewhere that takes another call. */
const FLUSHES_ITSELF = process.platform === 'linux'
const MODE = constants.O_RDWR | constants.O_CREAT | (FLUSHES_ITSELF ? constants.O_DSYNC : 0)
const PERMISSIONS = 0o600

const writeAt = promisify(write)
const flushData = promisify(fdatasync)

/** What has been acknowledged and is not in lmdb yet, in two files of its folder. */
export class WriteAheadLog {
  private generation = 0
  private records = 0
  private recordsBefore = 0
  private position = 0

  private constructor(private readonly files: readonly number[]) {}

  /** Opens or makes the files; the caller flushes the folder. What is in them has been read before. */
  static open(folder: string): WriteAheadLog {
    const files = LOG_FILES.map((name) => openSync(join(folder, name), MODE, PERMISSIONS))
    for (const file of files) fill(file)
    return new WriteAheadLog(files)
  }

  /**
   * The records that follow a generation, in their order, and the last generation that has any. Throws DamagedLogError
   * when one is missing that had been acknowledged.
   */
  static read(folder: string, generation: number): { readonly records: readonly Buffer[]; readonly last: number } {
    const first = readRecords(contentOf(folder, generation + 1), generation + 1)
    const second = readRecords(contentOf(folder, generation + 2), generation + 2)
    const [begin] = second
    if (begin === undefined) return { records: first, last: generation + Math.min(1, first.length) }
    if (recordsBefore(begin) !== first.length) {
      throw new DamagedLogError(`${fileOf(generation + 1)} has ${first.length} records of ${recordsBefore(begin)}`)
    }
    return { records: [...first, ...second], last: generation + 2 }
  }

  /**
   * Writes a record of a generation, behind those that it has. It is on disk when the promise resolves; rejects when it
   * could not be written. One at a time. Generations follow one upon another.
   */
  async append(record: RecordWriter, generation: number): Promise<void> {
    if (generation !== this.generation) this.begin(generation)
    const file = this.fileOf(generation)
    const bytes = record.finish({ generation, number: this.records, before: this.recordsBefore })
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await writeAt(file, bytes, done, bytes.length - done, this.position + done)
        done += bytesWritten
      }
      if (!FLUSHES_ITSELF) await flushData(file)
    } catch (error) {
      cutOff(file, this.position)
      throw error
    }
    this.position += bytes.length
    this.records++
  }

  private begin(generation: number): void {
    // One that failed altogether has none.
    this.recordsBefore = generation === this.generation + 1 ? this.records : 0
    this.records = 0
    this.position = 0
    this.generation = generation
    const file = this.fileOf(generation)
    if (fstatSync(file).size > LOG_FILE_BYTES_KEPT) ftruncateSync(file, LOG_FILE_BYTES)
  }

  private fileOf(generation: number): number {
    return this.files[generation % LOG_FILES.length] as number
  }

  close(): void {
    for (const file of this.files) closeSync(file)
  }
}

/** So that nobody finds later what was said not to have happened; where even that fails, nothing is lost by it. */
function cutOff(file: number, size: number): void {
  try {
    ftruncateSync(file, size)
  } catch {
    return
  }
}

function fileOf(generation: number): string {
  return LOG_FILES[generation % LOG_FILES.length] as string
}

function contentOf(folder: string, generation: number): Buffer {
  const path = join(folder, fileOf(generation))
  return existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
}

/** Where there is no room for that, the file grows with what is written to it. */
function fill(file: number): void {
  const { size } = fstatSync(file)
  try {
    for (let at = size; at < LOG_FILE_BYTES;)
      at += writeSync(file, Buffer.alloc(LOG_FILE_BYTES - at), 0, LOG_FILE_BYTES - at, at)
  } catch {
    ftruncateSync(file, size)
  }
}
