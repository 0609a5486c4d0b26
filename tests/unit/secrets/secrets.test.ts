import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encryptionKeyIn, KEY_FILE } from '../../../src/secrets/key-file'
import { createSecretBox, SecretKeyError } from '../../../src/secrets/secret-box'

const KEY = Buffer.alloc(32, 7)
const box = createSecretBox(KEY)

describe('a box with a key', () => {
  it('opens what it sealed, and shows nothing of it', () => {
    const sealed = box.seal('top secret', 'tests')
    expect(sealed).toMatch(/^sealed\.[0-9a-f]{8}\.[A-Za-z0-9_-]+$/)
    expect(sealed).not.toContain(Buffer.from('top secret').toString('base64url'))
    expect(box.open(sealed, 'tests')).toBe('top secret')
  })

  it('seals the same secret into another text each time', () => {
    expect(box.seal('x', 'tests')).not.toBe(box.seal('x', 'tests'))
  })

  it('opens it for its purpose alone', () => {
    expect(() => box.open(box.seal('x', 'tests'), 'others')).toThrow(SecretKeyError)
  })

  it('notices a changed byte', () => {
    const sealed = box.seal('top secret', 'tests')
    const flipped = sealed.slice(0, -2) + (sealed.at(-2) === 'A' ? 'B' : 'A') + sealed.slice(-1)
    expect(() => box.open(flipped, 'tests')).toThrow('damaged')
    expect(() => box.open(`${sealed.split('.').slice(0, 2).join('.')}.AAAA`, 'tests')).toThrow('damaged')
  })

  it('says that the key is another one', () => {
    const other = createSecretBox(Buffer.alloc(32, 8))
    expect(() => other.open(box.seal('x', 'tests'), 'tests')).toThrow('is not the key')
    expect(() => box.open('nonsense', 'tests')).toThrow(SecretKeyError)
  })

  it('opens what was kept in the clear before', () => {
    expect(box.open(createSecretBox(undefined).seal('x', 'tests'), 'tests')).toBe('x')
  })

  it('takes no key of another length', () => {
    expect(() => createSecretBox(Buffer.alloc(16))).toThrow('32 bytes')
  })
})

it('a box without a key marks secrets as plain, and cannot open sealed ones', () => {
  const plain = createSecretBox(undefined)
  expect(plain.seal('x', 'tests')).toBe('plain.x')
  expect(plain.open('plain.x', 'tests')).toBe('x')
  expect(() => plain.open(box.seal('x', 'tests'), 'tests')).toThrow(SecretKeyError)
})

describe('the key beside the data', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-key-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('is made in production, for the owner alone, and stays', () => {
    const inside = join(folder, 'data')
    const key = encryptionKeyIn(inside, true)
    expect(key).toHaveLength(32)
    expect(statSync(join(inside, KEY_FILE)).mode & 0o777).toBe(0o600)
    expect(readdirSync(inside)).toEqual([KEY_FILE])
    expect(encryptionKeyIn(inside, true)).toEqual(key)
    expect(encryptionKeyIn(inside, false)).toEqual(key)
  })

  it('is not made elsewhere', () => {
    expect(encryptionKeyIn(folder, false)).toBeUndefined()
    expect(readdirSync(folder)).toEqual([])
  })

  it('is nothing else than a key', () => {
    writeFileSync(join(folder, KEY_FILE), 'abc')
    expect(() => encryptionKeyIn(folder, true)).toThrow('holds no key of 64 hex digits')
  })

  it('tells what keeps it from being read or made', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(() => encryptionKeyIn(join(folder, 'file'), true)).toThrow('ENOTDIR')
  })
})
