import { Decimal128, Double, Int32, Long } from 'bson'
import { readDoc, writeDoc } from '../../../../src/embedded-mongo/bson/doc'
import type { Doc } from '../../../../src/embedded-mongo/bson/doc'
import { CommandError } from '../../../../src/embedded-mongo/bson/errors'
import { runPipeline } from '../../../../src/embedded-mongo/query/aggregate'

const stored = (doc: Doc): Doc => readDoc(writeDoc(doc))
const decimal = (value: string): Decimal128 => Decimal128.fromString(value)

function run(pipeline: readonly Doc[], docs: readonly Doc[], foreign: readonly Doc[] = []): Doc[] {
  const context = { collection: () => foreign.map(stored), now: new Date(0), variables: {} }
  return [...runPipeline(docs.map(stored), pipeline.map(stored), context)]
}

const evaluate = (expression: unknown): unknown =>
  run([{ $project: { _id: 0, value: expression } }], [{ _id: 1 }])[0]?.['value']

function codeOf(expression: unknown): number | undefined {
  try {
    evaluate(expression)
  } catch (error) {
    if (error instanceof CommandError) return error.code
    throw error
  }
  return undefined
}

describe('accumulators that keep some of the values keep them as they are', () => {
  const DOCS = [
    { _id: 1, v: Long.MAX_VALUE },
    { _id: 2, v: decimal('2.50') },
    { _id: 3, v: new Double(1) },
    { _id: 4 },
    { _id: 5, v: 'text' },
    { _id: 6, v: null },
  ]
  const [big, money, one] = [Long.MAX_VALUE, decimal('2.50'), new Double(1)]
  test.each<[string, Doc, unknown]>([
    ['$firstN', { n: 2, input: '$v' }, [big, money]],
    ['$lastN', { n: 3, input: '$v' }, [null, 'text', null]],
    ['$minN', { n: 2, input: '$v' }, [one, money]],
    ['$maxN', { n: 2, input: '$v' }, ['text', big]],
    ['$topN', { n: 2, sortBy: { _id: -1 }, output: '$v' }, [null, 'text']],
    ['$bottomN', { n: 2, sortBy: { _id: -1 }, output: '$v' }, [money, big]],
    ['$top', { sortBy: { v: 1, _id: 1 }, output: '$_id' }, new Int32(4)],
    ['$bottom', { sortBy: { v: 1 }, output: '$v' }, 'text'],
  ])('%s %j', (name, spec, expected) => {
    expect(run([{ $group: { _id: null, v: { [name]: spec } } }], DOCS)).toStrictEqual([{ _id: null, v: expected }])
  })

  test('deviations are doubles, and null where there are too few numbers', () => {
    const group = { $group: { _id: null, all: { $stdDevPop: '$v' }, some: { $stdDevSamp: '$v' } } }
    expect(run([group], [{ v: 1 }, { v: 3 }, { v: 'x' }])).toStrictEqual([
      { _id: null, all: new Double(1), some: new Double(Math.SQRT2) },
    ])
    expect(run([group], [{ v: 1 }])).toStrictEqual([{ _id: null, all: new Double(0), some: null }])
    expect(run([group], [{ v: 'x' }])).toStrictEqual([{ _id: null, all: null, some: null }])
  })

  test('the mean of decimals keeps their places', () => {
    const group = { $group: { _id: null, mean: { $avg: '$v' } } }
    expect(run([group], [{ v: decimal('2.50') }])).toStrictEqual([{ _id: null, mean: decimal('2.50') }])
  })
})

test('what $setWindowFields and $graphLookup leave alone comes back as it went', () => {
  const doc = {
    _id: 1,
    big: Long.MAX_VALUE,
    whole: new Double(2),
    money: [decimal('1.50'), { deep: Long.fromNumber(3) }],
  }
  const window = { $setWindowFields: { sortBy: { _id: 1 }, output: { n: { $documentNumber: {} } } } }
  expect(run([window], [doc])).toStrictEqual([{ ...stored(doc), n: new Int32(1) }])
  const graph = { from: 'none', startWith: '$_id', connectFromField: '_id', connectToField: 'to', as: 'found' }
  expect(run([{ $graphLookup: graph }], [doc])).toStrictEqual([{ ...stored(doc), found: [] }])
})

describe('$lookup by equality', () => {
  const FOREIGN = [{ _id: 0 }, { _id: 1, f: null }, { _id: 2, f: [] }, { _id: 3, f: [1, 2] }, { _id: 4, f: [[1, 2]] }]
  const joined = (local: Doc, localField = 'l'): unknown[] => {
    const stage = { $lookup: { from: 'foreign', localField, foreignField: 'f', as: 'found' } }
    return (run([stage], [local], FOREIGN)[0]?.['found'] as { _id: Int32 }[]).map(({ _id }) => _id.value)
  }
  test.each<[Doc, number[]]>([
    [{}, [0, 1]],
    [{ l: null }, [0, 1]],
    [{ l: [] }, [0, 1]],
    [{ l: [[]] }, [2]],
    [{ l: 1 }, [3]],
    [{ l: [1, 2] }, [3]],
    [{ l: [[1, 2]] }, [3, 4]],
  ])('%j', (local, expected) => {
    expect(joined(local)).toEqual(expected)
  })

  test('a path leads through arrays; what is missing there counts only where nothing is found', () => {
    expect(joined({ l: [{ x: 1 }, { y: 2 }] }, 'l.x')).toEqual([3])
    expect(joined({ l: [{ y: 1 }, 5] }, 'l.x')).toEqual([0, 1])
    expect(joined({ l: [{ x: 7 }, { x: 2 }] }, 'l.1.x')).toEqual([3])
  })
})

describe('expressions', () => {
  test.each<[unknown, unknown]>([
    [{ $zip: { inputs: [[1, 2], [decimal('1.50')]] } }, [[new Int32(1), decimal('1.50')]]],
    [{ $zip: { inputs: [[], ['x']] } }, []],
    [{ $zip: { inputs: [[1], null] } }, null],
    [
      { $zip: { inputs: [['a'], ['b', 'c']], useLongestLength: true, defaults: ['-', '+'] } },
      [
        ['a', 'b'],
        ['-', 'c'],
      ],
    ],
    [{ $firstN: { n: 2, input: [Long.MAX_VALUE, 'x', 'y'] } }, [Long.MAX_VALUE, 'x']],
    [{ $lastN: { n: 2, input: ['x', 'y', null] } }, ['y', null]],
    [{ $minN: { n: 2, input: ['x', null, 3, decimal('2.5')] } }, [decimal('2.5'), new Int32(3)]],
    [{ $maxN: { n: 1, input: ['x', null, 3] } }, ['x']],
    [{ $stdDevPop: [1, 3] }, new Double(1)],
  ])('%j', (expression, expected) => {
    expect(evaluate(expression)).toStrictEqual(expected)
  })

  test.each<[unknown, number]>([
    [{ $zip: { inputs: ['x'] } }, 34468],
    [{ $zip: { inputs: [[1]], defaults: [0] } }, 34466],
    [{ $zip: { inputs: [[1]], useLongestLength: true, defaults: [] } }, 34467],
    [{ $round: 'x' }, 51081],
    [{ $trunc: [1.5, 'x'] }, 51082],
    [{ $ceil: 'x' }, 28765],
    [{ $firstN: { n: 0, input: [1] } }, 5787908],
    [{ $firstN: { n: 'x', input: [1] } }, 5787902],
    [{ $firstN: { n: 1, input: 'x' } }, 5788200],
    [{ $arrayToObject: [[{ k: 'a' }]] }, 40392],
    [{ $arrayToObject: [[{ k: 'a', w: 1 }]] }, 40393],
    [{ $arrayToObject: [[['a', 1, 2]]] }, 40397],
  ])('%j fails with %d', (expression, code) => {
    expect(codeOf(expression)).toBe(code)
  })
})
