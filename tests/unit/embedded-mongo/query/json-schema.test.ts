import { BSONRegExp, Decimal128, Double, Int32, Long, ObjectId } from 'bson'
import { compileFilter } from '../../../../src/embedded-mongo/query/filter'
import { compileSchema } from '../../../../src/embedded-mongo/query/schema/compile'

type Doc = Record<string, unknown>

const int = (value: number): Int32 => new Int32(value)
const double = (value: number): Double => new Double(value)

/** Whether a field `a` of this value satisfies the schema. */
function fits(schema: Doc, value: unknown): boolean {
  return compileFilter({ $jsonSchema: { properties: { a: schema } } }).matches({ a: value })
}

/** What is said of a field `a` that does not. */
function detailsOf(schema: Doc, value: unknown): unknown {
  const [rule] = compileSchema({ properties: { a: schema } }).explain({ a: value })
  const [property] = rule?.['propertiesNotSatisfied'] as { details: unknown }[]
  return property?.details
}

describe('$jsonSchema', () => {
  it.each<[string, Doc, unknown[], unknown[]]>([
    ['bsonType', { bsonType: 'int' }, [int(1)], [double(1), Long.fromNumber(1), '1', null, [int(1)]]],
    ['bsonType of numbers', { bsonType: 'number' }, [int(1), double(1), Decimal128.fromString('1')], ['1']],
    ['several types', { bsonType: ['string', 'null'] }, ['', null], [int(1), new ObjectId()]],
    ['type', { type: 'boolean' }, [true, false], ['true', int(1)]],
    ['type object', { type: 'object' }, [{}], [[], null, new ObjectId()]],
    ['minimum', { minimum: int(3) }, [int(3), double(3.5), Long.fromNumber(9), 'text'], [int(2), double(NaN)]],
    ['exclusiveMinimum', { minimum: int(3), exclusiveMinimum: true }, [double(3.1)], [int(3)]],
    ['maximum', { maximum: double(3) }, [int(3), int(-9), null], [double(3.1)]],
    ['exclusiveMaximum', { maximum: int(3), exclusiveMaximum: true }, [int(2)], [int(3), Long.fromNumber(3)]],
    [
      'multipleOf',
      { multipleOf: int(3) },
      [int(9), double(-3), int(0), 'text'],
      [int(4), double(0.5), double(Infinity)],
    ],
    ['multipleOf of doubles', { multipleOf: double(0.1) }, [double(0.3), double(4.2), int(7)], [double(0.25)]],
    ['minLength', { minLength: int(2) }, ['ab', '😀😀', int(1)], ['a', '😀', '']],
    ['maxLength', { maxLength: int(1) }, ['', 'a', '😀'], ['ab']],
    ['pattern', { pattern: '^a.c$' }, ['abc', int(1)], ['abcd', 'ABC']],
    ['minItems', { minItems: int(1) }, [[int(1)], 'text'], [[]]],
    ['maxItems', { maxItems: int(1) }, [[], [int(1)]], [[int(1), int(2)]]],
    [
      'uniqueItems',
      { uniqueItems: true },
      [[int(1), '1', int(2)], [{ x: int(1) }, { x: int(2) }], 'text'],
      [
        [int(1), double(1)],
        [
          { x: int(1), y: int(2) },
          { y: int(2), x: int(1) },
        ],
      ],
    ],
    ['items', { items: { bsonType: 'int' } }, [[], [int(1), int(2)], int(1)], [[int(1), 'a']]],
    ['items by place', { items: [{ bsonType: 'int' }, {}] }, [[], [int(1), 'a', 'b']], [['a']]],
    [
      'no additionalItems',
      { items: [{}, {}], additionalItems: false },
      [[int(1)], [int(1), int(2)]],
      [[int(1), int(2), int(3)]],
    ],
    [
      'additionalItems',
      { items: [{}], additionalItems: { bsonType: 'int' } },
      [['a', int(1), int(2)]],
      [['a', int(1), 'b']],
    ],
    ['required', { required: ['x', 'y'] }, [{ x: null, y: int(1) }, int(1), []], [{ x: int(1) }, {}]],
    ['minProperties', { minProperties: int(1) }, [{ x: int(1) }, 'text'], [{}]],
    ['maxProperties', { maxProperties: int(1) }, [{}, { x: int(1) }], [{ x: int(1), y: int(1) }]],
    [
      'patternProperties',
      { patternProperties: { '^s_': { bsonType: 'string' } } },
      [{ s_a: 'a', b: int(1) }],
      [{ s_a: int(1) }],
    ],
    [
      'no additionalProperties',
      { properties: { x: {} }, patternProperties: { '^y': {} }, additionalProperties: false },
      [{ x: int(1), y1: int(1) }],
      [{ x: int(1), z: int(1) }],
    ],
    [
      'additionalProperties',
      { properties: { x: {} }, additionalProperties: { bsonType: 'int' } },
      [{ x: 'a', z: int(1) }],
      [{ z: 'a' }],
    ],
    [
      'dependencies on fields',
      { dependencies: { x: ['y'] } },
      [{}, { y: int(1) }, { x: int(1), y: int(1) }],
      [{ x: int(1) }],
    ],
    [
      'dependencies on a schema',
      { dependencies: { x: { required: ['y'], title: 'x wants y' } } },
      [{}, { x: int(1), y: int(1) }],
      [{ x: int(1) }],
    ],
    [
      'enum',
      { enum: [int(1), 'a', null, { x: int(1), y: int(2) }] },
      [double(1), 'a', null, { y: int(2), x: int(1) }],
      ['A'],
    ],
    ['allOf', { allOf: [{ minimum: int(1) }, { maximum: int(3) }] }, [int(2), 'text'], [int(4)]],
    ['anyOf', { anyOf: [{ bsonType: 'string' }, { minimum: int(5) }] }, ['a', int(5)], [int(4)]],
    ['oneOf', { oneOf: [{ minimum: int(1) }, { maximum: int(3) }] }, [int(0), int(4)], [int(2)]],
    ['not', { not: { bsonType: 'string' } }, [int(1)], ['a']],
    ['title and description', { title: 't', description: 'd' }, [int(1), 'a'], []],
    [
      'nested',
      { bsonType: 'object', properties: { b: { minimum: int(1) } } },
      [{}, { b: int(1) }],
      [{ b: int(0) }, 'a'],
    ],
  ])('%s', (_name, schema, good, bad) => {
    expect(good.filter((value) => !fits(schema, value))).toEqual([])
    expect(bad.filter((value) => fits(schema, value))).toEqual([])
  })

  it('says nothing of fields that are not there', () => {
    const filter = compileFilter({ $jsonSchema: { properties: { a: { bsonType: 'string' }, b: { enum: [int(1)] } } } })
    expect(filter.matches({ c: int(1) })).toBe(true)
    expect(filter.matches({ a: null })).toBe(false)
  })

  it('is for documents: what is said of other values says nothing at the top', () => {
    for (const keyword of [{ minimum: int(5) }, { minLength: int(5) }, { items: { bsonType: 'int' } }]) {
      expect(compileFilter({ $jsonSchema: keyword }).matches({ a: int(1) })).toBe(true)
    }
    expect(compileFilter({ $jsonSchema: { bsonType: 'object' } }).matches({})).toBe(true)
    expect(compileFilter({ $jsonSchema: { bsonType: 'array' } }).matches({})).toBe(false)
  })

  it('stands beside other conditions', () => {
    const filter = compileFilter({ b: { $gt: int(1) }, $or: [{ $jsonSchema: { required: ['a'] } }, { c: int(1) }] })
    expect(filter.matches({ b: int(2), a: null })).toBe(true)
    expect(filter.matches({ b: int(2), c: int(1) })).toBe(true)
    expect(filter.matches({ b: int(2) })).toBe(false)
  })

  it.each<[string, unknown, number]>([
    ['no document', 'text', 14],
    ['a keyword that is not known', { minimun: int(1) }, 9],
    ['a keyword that MongoDB refuses', { $ref: '#' }, 9],
    ['format', { format: 'email' }, 9],
    ['default, deep down', { properties: { a: { items: { default: int(1) } } } }, 9],
    ['both type and bsonType', { type: 'object', bsonType: 'object' }, 9],
    ['the type integer', { properties: { a: { type: 'integer' } } }, 9],
    ['a type that is not known', { bsonType: 'text' }, 2],
    ["a type of BSON's in type", { type: 'int' }, 2],
    ['no types', { bsonType: [] }, 9],
    ['a type twice', { bsonType: ['int', 'int'] }, 9],
    ['types that are numbers', { bsonType: int(2) }, 14],
    ['required without names', { required: [] }, 9],
    ['a required name twice', { required: ['a', 'a'] }, 9],
    ['required names that are none', { required: [int(1)] }, 14],
    ['exclusiveMinimum alone', { exclusiveMinimum: true }, 9],
    ['exclusiveMaximum that is a number', { maximum: int(1), exclusiveMaximum: int(1) }, 14],
    ['minimum that is no number', { minimum: '1' }, 14],
    ['multipleOf 0', { multipleOf: int(0) }, 9],
    ['minLength below 0', { minLength: int(-1) }, 9],
    ['maxItems that is not whole', { maxItems: double(1.5) }, 9],
    ['uniqueItems that is no boolean', { uniqueItems: int(1) }, 14],
    ['an empty enum', { enum: [] }, 9],
    ['an enum value twice', { enum: [int(1), double(1)] }, 9],
    ['an empty anyOf', { anyOf: [] }, 2],
    ['oneOf of what are no schemas', { oneOf: [int(1)] }, 14],
    ['not of what is no schema', { not: [] }, 14],
    ['items of what are no schemas', { items: [int(1)] }, 14],
    ['a property that is no schema', { properties: { a: int(1) } }, 14],
    ['a title that is no text', { title: int(1) }, 14],
    ['an empty dependency', { dependencies: { a: [] } }, 9],
    ['a pattern that is none', { properties: { a: { pattern: '(' } } }, 51_091],
    ['a pattern of names that is none', { patternProperties: { '(': {} } }, 51_091],
  ])('refuses %s', (_name, schema, code) => {
    expect(() => compileFilter({ $jsonSchema: schema })).toThrow(expect.objectContaining({ code }))
  })

  it('refuses a schema that nests too deep', () => {
    let schema: Doc = {}
    for (let i = 0; i < 20_000; i++) schema = { not: schema }
    expect(() => compileFilter({ $jsonSchema: schema })).toThrow(expect.objectContaining({ code: 2 }))
  })

  it('stops a pattern that would take for ever', () => {
    const filter = compileFilter({ $jsonSchema: { properties: { a: { pattern: '^(a+)+$' } } } })
    expect(() => filter.matches({ a: `${'a'.repeat(40)}b` })).toThrow(expect.objectContaining({ code: 50 }))
  })
})

describe('what a schema says of a value that does not fit', () => {
  it.each<[string, Doc, unknown, Doc]>([
    [
      'bsonType',
      { bsonType: ['double'] },
      int(3),
      { reason: 'type did not match', consideredValue: int(3), consideredType: 'int' },
    ],
    [
      'minimum',
      { minimum: 1, exclusiveMinimum: true },
      int(1),
      { reason: 'comparison failed', consideredValue: int(1) },
    ],
    [
      'maxLength',
      { maxLength: 1 },
      'ab',
      { reason: 'specified string length was not satisfied', consideredValue: 'ab' },
    ],
    ['pattern', { pattern: '^S' }, 'slow', { reason: 'regular expression did not match', consideredValue: 'slow' }],
    [
      'multipleOf',
      { multipleOf: 2 },
      int(3),
      { reason: 'considered value is not a multiple of the specified value', consideredValue: int(3) },
    ],
    [
      'minItems',
      { minItems: 2 },
      [int(1)],
      { reason: 'array did not match specified length', consideredValue: [int(1)], numberOfItems: 1 },
    ],
    [
      'uniqueItems',
      { uniqueItems: true },
      [int(1), int(3), int(3)],
      { reason: 'found a duplicate item', consideredValue: [int(1), int(3), int(3)], duplicatedValue: int(3) },
    ],
    ['enum', { enum: ['x'] }, 'y', { reason: 'value was not found in enum', consideredValue: 'y' }],
    ['required', { required: ['z', 'y', 'x'] }, { y: 1 }, { missingProperties: ['x', 'z'] }],
    [
      'minProperties',
      { minProperties: 2 },
      { y: 1 },
      { reason: 'specified number of properties was not satisfied', numberOfProperties: 1 },
    ],
  ])('%s', (operatorName, specifiedAs, value, told) => {
    expect(detailsOf(specifiedAs, value)).toEqual([{ operatorName, specifiedAs, ...told }])
  })

  const notInt = (value: unknown, consideredType: string): Doc => ({
    operatorName: 'bsonType',
    specifiedAs: { bsonType: 'int' },
    reason: 'type did not match',
    consideredValue: value,
    consideredType,
  })

  it('tells of items, by their place', () => {
    const schema = { bsonType: 'int', title: 'a number' }
    expect(detailsOf({ items: schema }, [int(1), 'x', 'y'])).toEqual([
      {
        operatorName: 'items',
        title: 'a number',
        reason: 'At least one item did not match the sub-schema',
        itemIndex: 1,
        details: [notInt('x', 'string')],
      },
    ])
    expect(detailsOf({ items: [{}, { bsonType: 'int' }], additionalItems: false }, ['x', 'y', 'z'])).toEqual([
      { operatorName: 'items', details: [{ itemIndex: 1, details: [notInt('y', 'string')] }] },
      {
        operatorName: 'additionalItems',
        specifiedAs: { additionalItems: false },
        reason: 'found additional items',
        additionalItems: ['z'],
      },
    ])
  })

  it('tells of fields, by their name', () => {
    const schema = { patternProperties: { '^i': { bsonType: 'int' } }, additionalProperties: false }
    expect(detailsOf(schema, { i: 'x', j: 1 })).toEqual([
      {
        operatorName: 'additionalProperties',
        specifiedAs: { additionalProperties: false },
        additionalProperties: ['j'],
      },
      {
        operatorName: 'patternProperties',
        details: [{ propertyName: 'i', regexMatched: '^i', details: [notInt('x', 'string')] }],
      },
    ])
    expect(detailsOf({ additionalProperties: { bsonType: 'int' } }, { i: int(1), j: 'x' })).toEqual([
      {
        operatorName: 'additionalProperties',
        reason: 'at least one additional property did not match the subschema',
        failingProperty: 'j',
        details: [notInt('x', 'string')],
      },
    ])
    expect(
      detailsOf(
        { dependencies: { a: ['b', 'c'], d: { properties: { a: { bsonType: 'int' } } } } },
        { a: 'x', c: 1, d: 1 },
      ),
    ).toEqual([
      {
        operatorName: 'dependencies',
        failingDependencies: [
          { conditionalProperty: 'a', missingProperties: ['b'] },
          {
            conditionalProperty: 'd',
            details: [
              {
                operatorName: 'properties',
                propertiesNotSatisfied: [{ propertyName: 'a', details: [notInt('x', 'string')] }],
              },
            ],
          },
        ],
      },
    ])
  })

  it('tells which of several schemas', () => {
    const schemas = [{ bsonType: 'int' }, { description: 'anything' }]
    expect(detailsOf({ allOf: schemas }, 'x')).toEqual([
      { operatorName: 'allOf', schemasNotSatisfied: [{ index: 0, details: [notInt('x', 'string')] }] },
    ])
    expect(detailsOf({ oneOf: schemas }, int(1))).toEqual([
      { operatorName: 'oneOf', reason: 'more than one subschema matched', matchingSchemaIndexes: [0, 1] },
    ])
    expect(detailsOf({ oneOf: [schemas[0]] }, 'x')).toEqual([
      { operatorName: 'oneOf', schemasNotSatisfied: [{ index: 0, details: [notInt('x', 'string')] }] },
    ])
    expect(detailsOf({ not: {} }, 'x')).toEqual([{ operatorName: 'not', reason: 'child expression matched' }])
  })

  it('tells of everything that does not hold, in an order of its own', () => {
    const [first, second, third] = detailsOf({ bsonType: 'int', enum: [1], pattern: '^S' }, 'x') as Doc[]
    expect([first, second, third].map((told) => told?.['operatorName'])).toEqual(['pattern', 'enum', 'bsonType'])
    expect(fits({ pattern: 'x' }, new BSONRegExp('x'))).toBe(true)
  })
})
