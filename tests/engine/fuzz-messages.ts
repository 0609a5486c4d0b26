import { type Server, type Socket, connect, createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { BSON, type Document } from 'mongodb'
import { bodySection, opMsg, sequenceSection } from './wire-socket'

const HEADER_BYTES = 16
/** Where the first section begins: behind the header and the flags. */
const SECTIONS_AT = 20

/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  constructor(private state: number) {}

  /** A whole number from 0 to `below` - 1. */
  next(below: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }

  of<T>(items: readonly T[]): T {
    return items[this.next(items.length)] as T
  }
}

/** What a driver sends while `work` uses it on the given address instead of the server's. */
export async function recordMessages(port: number, work: (uri: string) => Promise<void>): Promise<Buffer[]> {
  const messages: Buffer[] = []
  const sockets = new Set<Socket>()
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    let received = Buffer.alloc(0)
    client.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        messages.push(received.subarray(0, received.readInt32LE(0)))
        received = received.subarray(received.readInt32LE(0))
      }
    })
    client.pipe(server).pipe(client)
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  await work(`mongodb://127.0.0.1:${(proxy.address() as AddressInfo).port}`)
  sockets.forEach((socket) => socket.destroy())
  await closed(proxy)
  return messages
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

const INTERESTING = [0, 1, 4, 5, -1, 0x7f, 0x80, 0xff, 0x7fffffff, -0x80000000, 16, 0xffff, 48_000_000, 48_000_001]

/** A message as somebody might send it who has heard of the protocol. `requestId` stays, so that answers can be told. */
export function mutated(random: Random, corpus: readonly Buffer[], requestId: number): Buffer {
  const bytes = mutations[random.next(mutations.length)]?.(random, corpus) ?? Buffer.alloc(HEADER_BYTES)
  bytes.writeInt32LE(random.next(200) === 0 ? random.of(INTERESTING) | 0 : bytes.length, 0)
  bytes.writeInt32LE(requestId, 4)
  return bytes
}

type Mutation = (random: Random, corpus: readonly Buffer[]) => Buffer

const unchanged: Mutation = (random, corpus) => Buffer.from(random.of(corpus))

/** Behind the header, where there is anything. */
const placeIn = (random: Random, bytes: Buffer, size = 1): number =>
  HEADER_BYTES + random.next(Math.max(1, bytes.length - HEADER_BYTES - size))

const mutations: readonly Mutation[] = [
  unchanged,
  (random, corpus) => {
    const bytes = unchanged(random, corpus)
    for (let i = random.next(4); i >= 0; i--) {
      const at = placeIn(random, bytes)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.next(8))
    }
    return bytes
  },
  (random, corpus) => {
    const bytes = unchanged(random, corpus)
    for (let i = random.next(3); i >= 0; i--) bytes[placeIn(random, bytes)] = random.of(INTERESTING) & 0xff
    return bytes
  },
  // A length or a number.
  (random, corpus) => {
    const bytes = unchanged(random, corpus)
    if (bytes.length >= HEADER_BYTES + 4) bytes.writeInt32LE(random.of(INTERESTING) | 0, placeIn(random, bytes, 4))
    return bytes
  },
  // The length of the body, the kind of the section, the flags.
  (random, corpus) => {
    const bytes = unchanged(random, corpus)
    if (bytes.length < SECTIONS_AT + 5) return bytes
    const at = random.of([HEADER_BYTES, SECTIONS_AT, SECTIONS_AT + 1])
    if (at === SECTIONS_AT) bytes[at] = random.next(4)
    else bytes.writeInt32LE(random.of(INTERESTING) | 0, at)
    return bytes
  },
  (random, corpus) => {
    const bytes = unchanged(random, corpus)
    return bytes.subarray(0, Math.max(HEADER_BYTES, bytes.length - 1 - random.next(bytes.length)))
  },
  // The beginning of one and the end of another.
  (random, corpus) => {
    const [head, tail] = [unchanged(random, corpus), unchanged(random, corpus)]
    return Buffer.concat([head.subarray(0, placeIn(random, head)), tail.subarray(placeIn(random, tail))])
  },
  (random, corpus) => {
    const bytes = unchanged(random, corpus)
    const [from, to] = [placeIn(random, bytes), placeIn(random, bytes)].sort((a, b) => a - b) as [number, number]
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)])
  },
  // Well-formed BSON, and nonsense.
  (random) => opMsg([bodySection(wildCommand(random))]),
  (random) => opMsg([bodySection(wildCommand(random))]),
  (random) =>
    opMsg([
      bodySection({ insert: 'f', ordered: random.next(2) === 0, $db: DATABASE }),
      sequenceSection(
        'documents',
        Array.from({ length: 1 + random.next(5) }, () => BSON.serialize(wildDocument(random, 4))),
      ),
    ]),
  // Deep.
  (random) => {
    let inner: unknown = 1
    const name = random.of(['$and', '$or', '$not', 'a', '$add', '$elemMatch', '0'])
    for (let i = random.next(300); i >= 0; i--) inner = random.next(2) === 0 ? { [name]: inner } : [inner]
    return opMsg([bodySection({ find: 'f', filter: { a: inner, $expr: inner }, $db: DATABASE })])
  },
]

export const DATABASE = 'fuzz'

/** Names that mean something somewhere. */
const WORDS =
  'a b c d _id a.b a.0 a.$ a.$[] a.$[e] $a $$ROOT $$NOW $$this $ref $id __proto__ constructor toString 0 1 -1 e text'.split(
    ' ',
  )
const OPERATORS =
  '$and $or $nor $not $eq $ne $gt $gte $lt $lte $in $nin $all $elemMatch $exists $type $size $mod $regex $options $expr $where $bitsAllSet $set $unset $inc $mul $min $max $push $pull $addToSet $pop $rename $currentDate $setOnInsert $pullAll $bit $each $slice $sort $position $match $group $project $addFields $unwind $lookup $limit $skip $count $facet $bucket $bucketAuto $sample $replaceRoot $unionWith $graphLookup $setWindowFields $redact $sortByCount $densify $fill $merge $add $subtract $multiply $divide $pow $mod $abs $concat $substr $split $toUpper $map $filter $reduce $range $zip $cond $ifNull $switch $let $literal $dateToString $convert $toInt $toDecimal $arrayElemAt $setUnion $regexMatch $regexFindAll $objectToArray $arrayToObject $sum $avg $first $last $stdDevPop $mergeObjects $getField $setField $sortArray $trim $indexOfArray $jsonSchema'.split(
    ' ',
  )
const FIELDS =
  'filter query q u update updates deletes documents pipeline cursor sort limit skip batchSize projection fields hint collation let key indexes arrayFilters upsert multi new remove ordered lsid txnNumber autocommit startTransaction readConcern writeConcern maxTimeMS comment input in as cond initialValue from localField foreignField groupBy boundaries buckets output partitionBy sortBy range step bounds locale strength'.split(
    ' ',
  )
const COMMANDS =
  'insert find update delete aggregate count distinct findAndModify getMore killCursors createIndexes dropIndexes listIndexes listCollections explain validate bulkWrite hello ping collStats dbStats endSessions commitTransaction abortTransaction create drop collMod'.split(
    ' ',
  )

const LEAVES: readonly ((random: Random) => unknown)[] = [
  (random) => random.of(INTERESTING),
  (random) => random.of(WORDS),
  (random) => random.of(OPERATORS),
  (random) => random.of([null, true, false, NaN, Infinity, -0, 1e308, 0.1]),
  (random) => new BSON.Long(random.next(2 ** 31), random.next(2 ** 31)),
  (random) => BSON.Decimal128.fromString(random.of(['0', '-0', 'NaN', 'Infinity', '1E+6111', '1E-6176', '1.5'])),
  (random) => new Date(random.of([0, -1, 8.64e15, 1e12])),
  () => new BSON.ObjectId('0123456789abcdef01234567'),
  (random) => new BSON.Binary(Buffer.alloc(random.next(20)), random.next(256)),
  (random) => new BSON.BSONRegExp(random.of(['^(a+)+$', '(', '[a-', 'a{1,99999}', '\\', '^a', '(?=']), 'i'),
  () => new BSON.MinKey(),
  () => new BSON.MaxKey(),
  () => new BSON.Timestamp({ t: 1, i: 2 }),
  (random) => new BSON.Code('x', random.next(2) === 0 ? { a: 1 } : null),
  (random) => 'a'.repeat(random.next(2_000)),
]

function wildValue(random: Random, depth: number): unknown {
  if (depth === 0 || random.next(3) === 0) return random.of(LEAVES)(random)
  if (random.next(3) > 0) return wildDocument(random, depth - 1)
  return Array.from({ length: random.next(4) }, () => wildValue(random, depth - 1))
}

function wildDocument(random: Random, depth: number): Document {
  const document: Document = {}
  for (let i = random.next(4); i >= 0; i--) {
    const name = random.of(random.of([WORDS, OPERATORS, OPERATORS, FIELDS]))
    Object.defineProperty(document, name, { value: wildValue(random, depth), enumerable: true, configurable: true })
  }
  return document
}

function wildCommand(random: Random): Document {
  const name = random.of(COMMANDS)
  const command: Document = { [name]: random.next(10) === 0 ? wildValue(random, 2) : 'f' }
  if (name === 'aggregate') {
    command['pipeline'] = Array.from({ length: 1 + random.next(3) }, () => ({
      [random.of(OPERATORS)]: wildValue(random, 4),
    }))
    command['cursor'] = {}
  }
  for (let i = random.next(4); i > 0; i--) command[random.of(FIELDS)] = wildValue(random, 5)
  return { ...command, $db: random.next(50) === 0 ? 'admin' : DATABASE }
}
