import { BoundedMap } from '../../../src/http/bounded-map'

it('keeps at least `max` entries, and at most twice as many', () => {
  const map = new BoundedMap<number, string>(100)
  for (let n = 0; n < 1_000; n++) map.set(n, String(n))
  const kept = Array.from({ length: 1_000 }, (_, n) => n).filter((n) => map.get(n) !== undefined)
  expect(kept.length).toBeLessThanOrEqual(200)
  expect(kept).toEqual(expect.arrayContaining(Array.from({ length: 100 }, (_, n) => 900 + n)))
})

it('what is used stays', () => {
  const map = new BoundedMap<string, number>(10)
  map.set('used', 1)
  for (let n = 0; n < 1_000; n++) {
    map.set(`other ${n}`, n)
    expect(map.get('used')).toBe(1)
  }
})

it('a full one takes another value for a key that it has', () => {
  const map = new BoundedMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.set('b', 3)
  expect([map.get('a'), map.get('b')]).toEqual([1, 3])
})

it('what is deleted or cleared is gone from both generations', () => {
  const map = new BoundedMap<string, number>(1)
  map.set('old', 1)
  map.set('young', 2)
  map.delete('old')
  expect(map.get('old')).toBeUndefined()
  map.set('younger', 3)
  map.clear()
  expect([map.get('young'), map.get('younger')]).toEqual([undefined, undefined])
})
