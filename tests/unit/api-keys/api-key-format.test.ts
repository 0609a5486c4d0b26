import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { API_KEY_PATTERN, isSecretOf, makeApiKey, parseApiKey } from '../../../src/api-keys/api-key-format'

test('a key names itself, and its secret is kept as a hash alone', () => {
  const { key, id, hash } = makeApiKey()
  const { secret } = parseApiKey(key)!
  expect(key).toMatch(new RegExp(`^rck_${id}_${secret}_[0-9A-Za-z]{6}$`))
  expect(`rck ${key}, and more`.match(API_KEY_PATTERN)?.[0]).toBe(key)
  expect(hash).toHaveLength(43)
  expect(hash).not.toContain(secret)
  expect(isSecretOf(secret, hash)).toBe(true)
  expect(isSecretOf(parseApiKey(makeApiKey().key)!.secret, hash)).toBe(false)
})

test('no two keys have anything in common', () => {
  const made = Array.from({ length: 1_000 }, () => parseApiKey(makeApiKey().key)!)
  expect(new Set(made.map(({ id }) => id)).size).toBe(made.length)
  expect(new Set(made.map(({ secret }) => secret)).size).toBe(made.length)
})

test('whatever is changed in it, it is no key any more', () => {
  const { key } = makeApiKey()
  for (let at = 0; at < key.length; at += 1) {
    const other = key[at] === 'x' ? 'y' : 'x'
    expect(parseApiKey(key.slice(0, at) + other + key.slice(at + 1))).toBeUndefined()
  }
  for (const text of ['', 'rck_', key.slice(0, -1), `${key}x`, ` ${key}`, `${key}\n`, key.toUpperCase()]) {
    expect(parseApiKey(text)).toBeUndefined()
  }
})

test('the pattern of the docs is the one in force', () => {
  const text = readFileSync(join(__dirname, '../../../docs/ACCESS.md'), 'utf8')
  expect(text).toContain(`\n${API_KEY_PATTERN.source}\n`)
})
