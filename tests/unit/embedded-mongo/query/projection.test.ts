import { Int32 } from 'bson'
import { readDoc, writeDoc } from '../../../../src/embedded-mongo/bson/doc'
import type { Doc } from '../../../../src/embedded-mongo/bson/doc'
import { CommandError } from '../../../../src/embedded-mongo/bson/errors'
import { compileProjection, rawTopLevel } from '../../../../src/embedded-mongo/query/projection'

const stored = (doc: Doc): Doc => readDoc(writeDoc(doc))
const project = (spec: Doc, doc: Doc, arrayIndex?: number): Doc =>
  compileProjection(stored(spec)).apply(stored(doc), arrayIndex)

const DOC = {
  _id: 1,
  a: 1,
  b: { c: 1, d: 2 },
  list: [{ x: 1, y: 1 }, { x: 2, y: 2 }, 7, [{ x: 3, z: 3 }]],
  numbers: [1, 2, 3, 4],
}

describe('find projections', () => {
  test.each<[Doc, Doc]>([
    [{}, DOC],
    [{ a: 1 }, { _id: 1, a: 1 }],
    [{ a: true, _id: 0 }, { a: 1 }],
    [{ _id: 1 }, { _id: 1 }],
    [
      { numbers: 1, a: 1, missing: 1 },
      { _id: 1, a: 1, numbers: [1, 2, 3, 4] },
    ],
    [{ 'b.c': 1 }, { _id: 1, b: { c: 1 } }],
    [{ b: { c: 1 } }, { _id: 1, b: { c: 1 } }],
    [{ 'a.c': 1 }, { _id: 1 }],
    [{ 'list.x': 1, _id: 0 }, { list: [{ x: 1 }, { x: 2 }, [{ x: 3 }]] }],
    [{ 'numbers.0': 1, _id: 0 }, { numbers: [] }],
    [
      { list: 0, numbers: 0 },
      { _id: 1, a: 1, b: { c: 1, d: 2 } },
    ],
    [{ list: 0, numbers: 0, b: 0, _id: 0 }, { a: 1 }],
    [
      { list: 0, numbers: 0, 'b.c': 0, _id: 1 },
      { _id: 1, a: 1, b: { d: 2 } },
    ],
    [
      { 'list.x': 0, numbers: 0, b: 0 },
      { _id: 1, a: 1, list: [{ y: 1 }, { y: 2 }, 7, [{ z: 3 }]] },
    ],
    [
      { numbers: { $slice: 2 }, list: 0, b: 0 },
      { _id: 1, a: 1, numbers: [1, 2] },
    ],
    [
      { _id: 1, numbers: { $slice: 1 } },
      { _id: 1, numbers: [1] },
    ],
    [
      { a: 1, numbers: { $slice: -1 } },
      { _id: 1, a: 1, numbers: [4] },
    ],
    [
      { a: 1, numbers: { $slice: [1, 2] } },
      { _id: 1, a: 1, numbers: [2, 3] },
    ],
    [
      { a: 1, numbers: { $slice: [-3, 2] } },
      { _id: 1, a: 1, numbers: [2, 3] },
    ],
    [{ numbers: { $elemMatch: { $gt: 2 } } }, { _id: 1, numbers: [3] }],
    [{ list: { $elemMatch: { x: 2 } } }, { _id: 1, list: [{ x: 2, y: 2 }] }],
    [{ list: { $elemMatch: { x: 9 } } }, { _id: 1 }],
    [{ sum: { $add: ['$a', '$b.d'] } }, { _id: 1, sum: 3 }],
    [
      { text: 'plain', path: '$b.c' },
      { _id: 1, text: 'plain', path: 1 },
    ],
    [{ 'b.e': '$a' }, { _id: 1, b: { e: 1 } }],
    [{ 'numbers.e': { $literal: 0 }, _id: 0 }, { numbers: [{ e: 0 }, { e: 0 }, { e: 0 }, { e: 0 }] }],
    [
      { _id: '$a', a: 1 },
      { _id: 1, a: 1 },
    ],
    [
      { a: 1, gone: '$missing' },
      { _id: 1, a: 1 },
    ],
  ])('%j', (spec, expected) => {
    expect(project(spec, DOC)).toStrictEqual(stored(expected))
  })

  test('a.$ is the element that the filter matched', () => {
    const compiled = compileProjection({ 'numbers.$': new Int32(1) })
    expect(compiled.needsPosition).toBe(true)
    expect(compiled.apply(stored(DOC), 2)).toStrictEqual(stored({ _id: 1, numbers: [3] }))
    expect(() => compiled.apply(stored(DOC))).toThrow(expect.objectContaining({ code: 51246 }))
  })

  test('the document is left alone', () => {
    const doc = stored(DOC)
    compileProjection(stored({ 'b.c': 0, numbers: { $slice: 1 } })).apply(doc)
    expect(doc).toStrictEqual(stored(DOC))
  })

  test.each<[Doc, number]>([
    [{ a: 1, b: 0 }, 31254],
    [{ a: 0, b: 1 }, 31253],
    [{ a: 0, b: '$a' }, 31252],
    [{ b: 1, 'b.c': 1 }, 31249],
    [{ 'b.c': 1, b: 1 }, 31250],
    [{ a: {} }, 51270],
    [{ 'a.b': { $elemMatch: { x: 1 } } }, 31275],
    [{ a: { $elemMatch: 1 } }, 31274],
    [{ 'a.$': 1, 'b.$': 1 }, 31276],
    [{ 'a.$': 0 }, 31395],
    [{ a: { $slice: 'x' } }, 28667],
    [{ a: { $slice: [1, 0] } }, 28729],
    [{ a: { $foo: 1 } }, 168],
    [{ 'a..b': 1 }, 40353],
  ])('%j is refused with %d', (spec, code) => {
    const error = (() => {
      try {
        return compileProjection(stored(spec))
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toBeInstanceOf(CommandError)
    expect(error).toHaveProperty('code', code)
  })
})

describe('rawTopLevel', () => {
  test.each<[Doc, 'include' | 'exclude', string[]]>([
    [{ a: 1 }, 'include', ['_id', 'a']],
    [{ a: 1, _id: 0 }, 'include', ['a']],
    [{ _id: 1 }, 'include', ['_id']],
    [{ a: 0 }, 'exclude', ['a']],
    [{ a: 0, _id: 0 }, 'exclude', ['_id', 'a']],
    [{ a: 0, _id: 1 }, 'exclude', ['a']],
    [{ _id: 0 }, 'exclude', ['_id']],
  ])('%j', (spec, mode, fields) => {
    expect(rawTopLevel(stored(spec))).toStrictEqual({ mode, fields: new Set(fields) })
    // It says the same as the projection itself.
    const kept = Object.keys(project(spec, { _id: 1, a: 1, b: 1 }))
    const cut = ['_id', 'a', 'b'].filter((name) => fields.includes(name) === (mode === 'include'))
    expect(kept).toStrictEqual(cut)
  })

  test.each<Doc>([{}, { 'a.b': 1 }, { 'a.$': 1 }, { a: 1, b: 0 }, { a: '$b' }, { a: { $slice: 1 } }])(
    'not for %j',
    (spec) => {
      expect(rawTopLevel(stored(spec))).toBeUndefined()
    },
  )
})
