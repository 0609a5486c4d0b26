import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/*
 * lmdb maps the data file into memory and believes what stands there: one that was cut off or overwritten ends the
 * process with a signal, and not a word. So the file is first looked at by reading it. The layout is that of lmdb's data
 * version 2 with page numbers of 64 bits; see `MDB_meta`, `MDB_page` and `MDB_node` in its mdb.c.
 */
const DATA_VERSION = 2
const MAGIC = 0xbeefc0de
const PAGE_BYTES_MIN = 512
const PAGE_BYTES_MAX = 65_536
/** Of every page: its number, a transaction's number, flags and bounds. */
const HEAD_BYTES = 24
const META_BYTES = 168
const META_PAGES = 2
const KIND = { branch: 0x01, leaf: 0x02, overflow: 0x04, meta: 0x08 } as const
const KIND_BITS = 0x0f
const NODE_BYTES = 8
const NODE_IS_BIG = 0x01
const NODE_IS_TREE = 0x02
const TREE_BYTES = 48
const OVERFLOW_BYTES = 24
const DEPTH_MAX = 32
const NO_PAGE = Number(0xffff_ffff_ffff_ffffn)

/** Leaf pages that are read at a start: 256 MiB of them. Of those beyond it is known that they are there. */
const LEAVES_READ_MAX = 65_536

/** The data file is not one that can be opened without harm. The message says what is wrong with it. */
export class DamagedFileError extends Error {}

interface TreeRecord {
  readonly depth: number
  readonly root: number
}

interface Meta {
  readonly pageBytes: number
  readonly lastPage: number
  readonly transaction: number
  /** The tree of free pages, and the one of everything else. */
  readonly trees: readonly TreeRecord[]
}

/**
 * The names of the trees in the file. Throws DamagedFileError, or what the system says about a file that cannot be read
 * and written.
 */
export function checkDataFile(path: string): ReadonlySet<string> {
  const file = openSync(path, 'r+')
  try {
    const { size } = fstatSync(file)
    if (size === 0) throw new DamagedFileError('it is empty')
    const meta = latestMeta(file)
    return new PageWalk(file, size, meta).run()
  } finally {
    closeSync(file)
  }
}

/** The file has two of them, which are written in turn. */
function latestMeta(file: number): Meta {
  const first = readMeta(file, 0)
  const second = readMeta(file, first.pageBytes)
  return second.transaction > first.transaction ? second : first
}

function readMeta(file: number, at: number): Meta {
  const page = Buffer.alloc(META_BYTES)
  if (readSync(file, page, 0, META_BYTES, at) < META_BYTES) throw new DamagedFileError('it is cut off')
  if (page.readUInt32LE(24) !== MAGIC || (page.readUInt16LE(18) & KIND.meta) === 0) {
    throw new DamagedFileError(at === 0 ? 'it is no data file of this server' : 'its head is overwritten')
  }
  const version = page.readUInt16LE(28)
  if (version !== DATA_VERSION) throw new DamagedFileError(`it has the layout ${version}, not ${DATA_VERSION}`)
  const pageBytes = page.readUInt32LE(48)
  if (pageBytes < PAGE_BYTES_MIN || pageBytes > PAGE_BYTES_MAX || (pageBytes & (pageBytes - 1)) !== 0) {
    throw new DamagedFileError('its head is overwritten')
  }
  const trees = [treeRecord(page, 48), treeRecord(page, 96)]
  return { pageBytes, lastPage: whole(page, 144), transaction: whole(page, 152), trees }
}

function treeRecord(bytes: Buffer, at: number): TreeRecord {
  return { depth: bytes.readUInt16LE(at + 6), root: whole(bytes, at + 40) }
}

/** 64 bits; beyond 2^53 the number is not exact, and no page's. */
function whole(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32
}

/** Follows every tree to its leaves and looks whether each page is there, and is what it must be. */
class PageWalk {
  private readonly pagesThere: number
  private readonly leavesMax: number
  private readonly treeNames = new Set<string>()
  private leavesRead = 0
  private pagesSeen = 0

  constructor(
    private readonly file: number,
    size: number,
    private readonly meta: Meta,
  ) {
    this.pagesThere = Math.floor(size / meta.pageBytes)
    // A file may be shorter than it says, where the pages at its end are free. Then all must be looked at.
    this.leavesMax = meta.lastPage < this.pagesThere ? LEAVES_READ_MAX : Infinity
  }

  run(): ReadonlySet<string> {
    for (const tree of this.meta.trees) this.walkTree(tree)
    return this.treeNames
  }

  private walkTree({ depth, root }: TreeRecord): void {
    if (root === NO_PAGE) return
    if (depth < 1 || depth > DEPTH_MAX) throw new DamagedFileError(`a tree is said to be ${depth} pages deep`)
    this.walk(root, depth)
  }

  private walk(number: number, height: number): void {
    this.checkNumber(number, 1)
    if (++this.pagesSeen > this.meta.lastPage) throw new DamagedFileError('its pages go round in a circle')
    const isLeaf = height === 1
    if (isLeaf && ++this.leavesRead > this.leavesMax) return
    const page = this.read(number, this.meta.pageBytes)
    const count = page.readUInt16LE(20) >> 1
    const kind = page.readUInt16LE(18) & KIND_BITS
    if (kind !== (isLeaf ? KIND.leaf : KIND.branch) || (!isLeaf && count < 2)) throw overwritten(number)
    if (HEAD_BYTES + count * 2 > page.length) throw overwritten(number)
    for (let i = 0; i < count; i++) {
      const at = HEAD_BYTES + page.readUInt16LE(HEAD_BYTES + i * 2)
      if (at + NODE_BYTES > page.length || keyEnd(page, at) > page.length) throw overwritten(number)
      if (isLeaf) this.checkLeafNode(number, page, at)
      else this.walk(page.readUInt32LE(at) + page.readUInt16LE(at + 4) * 2 ** 32, height - 1)
    }
  }

  private checkLeafNode(number: number, page: Buffer, at: number): void {
    const bytes = page.readUInt32LE(at)
    const flags = page.readUInt16LE(at + 4)
    const value = keyEnd(page, at)
    const isBig = (flags & NODE_IS_BIG) !== 0
    if (value + (isBig ? OVERFLOW_BYTES : bytes) > page.length) throw overwritten(number)
    if (isBig) this.checkOverflow(whole(page, value), whole(page, value + 16), bytes)
    else if ((flags & NODE_IS_TREE) !== 0) {
      if (bytes !== TREE_BYTES) throw overwritten(number)
      this.treeNames.add(page.toString('latin1', at + NODE_BYTES, value).replace(/\0$/, ''))
      this.walkTree(treeRecord(page, value))
    }
  }

  /** A value that has pages of its own: `count` of them, one after another. */
  private checkOverflow(number: number, count: number, bytes: number): void {
    this.checkNumber(number, count)
    const head = this.read(number, HEAD_BYTES)
    const isOverflow = (head.readUInt16LE(18) & KIND_BITS) === KIND.overflow
    if (!isOverflow || HEAD_BYTES + bytes > count * this.meta.pageBytes) throw overwritten(number)
  }

  private checkNumber(number: number, count: number): void {
    const { lastPage } = this.meta
    if (number < META_PAGES || count < 1 || number + count - 1 > lastPage)
      throw new DamagedFileError('it is overwritten')
    if (number + count > this.pagesThere) {
      throw new DamagedFileError(`it is cut off: ${this.pagesThere} of ${lastPage + 1} pages are there`)
    }
  }

  private read(number: number, bytes: number): Buffer {
    const page = Buffer.allocUnsafe(bytes)
    const got = readSync(this.file, page, 0, bytes, number * this.meta.pageBytes)
    if (got < bytes || whole(page, 0) !== number) throw overwritten(number)
    return page
  }
}

function keyEnd(page: Buffer, node: number): number {
  return node + NODE_BYTES + page.readUInt16LE(node + 6)
}

function overwritten(number: number): DamagedFileError {
  return new DamagedFileError(`page ${number} is overwritten`)
}
