import { compileCollation } from '../bson/collation'
import type { Collation } from '../bson/collation'
import { encodeValue } from '../bson/key-encoding'
import { EMPTY_ARRAY } from '../bson/types'
import { CommandError } from '../bson/errors'
import { DOCUMENT_BYTES_MAX } from '../execution/batch'
import { checkQuery, prepareQuery } from '../execution/query'
import type { Query, QuerySpec } from '../execution/query'
import { openScan } from '../execution/open-scan'
import { inSlices } from '../execution/slice'
import type { Slice, TimeLimit } from '../execution/slice'
import { Matcher } from '../execution/matcher'
import { indexRows } from '../query/index-keys'
import { topLevel } from '../query/path'
import type { Arguments } from './arguments'
import type { Command } from './command'

export const distinct: Command = {
  name: 'distinct',
  summary: '`key`, `query`, `hint`, `collation`',
  fields: ['key', 'query', 'collation', 'hint'],
  inTransaction: 'allowed',
  run: async (args, { store }) => {
    const spec = parseDistinct(args)
    const values = new DistinctValues(args.requiredString('key'), compileCollation(spec.collation))
    const collection = store.collection(args.database, args.collection)
    if (collection === undefined) checkQuery(spec)
    else await collect(prepareQuery(collection, spec), values, args.timeLimit())
    return { values: values.all() }
  },
}

export function parseDistinct(args: Arguments): QuerySpec {
  return { filter: args.document('query') ?? {}, hint: args.hint(), collation: args.document('collation') }
}

async function collect(query: Query, values: DistinctValues, limit: TimeLimit): Promise<void> {
  const matcher = new Matcher(query, openScan(query), { needsTrace: false, fields: new Set([values.field]) })
  // Of an array that takes more than one slice.
  let rest: Iterator<void> | undefined
  const goOn = (slice: Slice): boolean => {
    while (rest?.next().done === false) if (slice.isOver()) return false
    rest = undefined
    return true
  }
  await inSlices(limit, (slice) => {
    if (!goOn(slice)) return false
    const state = matcher.run(slice, (match) => {
      rest = values.add(matcher.docOf(match))
      return goOn(slice)
    })
    return state === 'done'
  })
}

/** Each value once, the elements of arrays one by one; numbers that are equal are one value, whatever their types. */
class DistinctValues {
  private readonly values = new Map<string, unknown>()
  private bytes = 0
  /** The top-level field that they are in. */
  readonly field: string

  constructor(
    private readonly path: string,
    private readonly collation: Collation | undefined,
  ) {
    this.field = topLevel(path)
  }

  /** In steps, a value in each. */
  *add(doc: Record<string, unknown>): Generator<void> {
    for (const [value] of indexRows(doc, [this.path], { sparse: true }, new Set())) {
      yield
      if (value === undefined || value === EMPTY_ARRAY) continue
      const keyed = this.collation === undefined ? value : this.collation.keyOf(value)
      const key = encodeValue(keyed).toString('latin1')
      if (this.values.has(key)) continue
      this.values.set(key, value)
      this.bytes += key.length
      if (this.bytes > DOCUMENT_BYTES_MAX) throw new CommandError(17217, 'Location17217', 'distinct too big, 16mb cap')
    }
  }

  all(): readonly unknown[] {
    return [...this.values.values()]
  }
}
