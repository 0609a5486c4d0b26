import { decodeProtectedHeader } from 'jose'
import { SigningKeysService } from '../../../src/auth/signing-keys.service'
import { createSecretBox, SecretKeyError } from '../../../src/secrets/secret-box'
import { inMemorySignIn } from '../../support/in-memory-sign-in'

const GRADUAL = { overlapS: 60, revoke: false }
const REVOKING = { overlapS: 0, revoke: true }

async function setUp() {
  const signIn = inMemorySignIn()
  await signIn.keys.ensure()
  /** Another process on the same store, which believes what it has in memory. */
  const other = () =>
    new SigningKeysService({
      dao: signIn.keyDao,
      box: createSecretBox(undefined),
      freshness: { isFresh: () => true },
      clock: signIn.clock,
      tokenTtlS: 900,
    })
  const published = async () => (await signIn.keys.jwks()).keys.map(({ kid }) => kid)
  return { ...signIn, other, published }
}

it('processes that start at once make one key', async () => {
  const { keyDao, other } = { ...inMemorySignIn(), ...(await setUp()) }
  await Promise.all(Array.from({ length: 5 }, () => other().ensure()))
  expect(await keyDao.list()).toHaveLength(1)
  const fresh = inMemorySignIn()
  await Promise.all(Array.from({ length: 5 }, () => fresh.keys.ensure()))
  expect(await fresh.keyDao.list()).toHaveLength(1)
})

it('publishes public keys alone', async () => {
  const { keys } = await setUp()
  expect((await keys.jwks()).keys).toEqual([
    {
      kty: 'OKP',
      crv: 'Ed25519',
      x: expect.stringMatching(/^[\w-]{43}$/),
      kid: expect.stringMatching(/^[\w-]{43}$/),
      alg: 'EdDSA',
      use: 'sig',
    },
  ])
})

it('a new key is published at once and signs later; the old one verifies until its tokens are over', async () => {
  const { keys, published, pass, tokens } = await setUp()
  const { keyId: old } = await keys.signer()
  const before = await tokens.issue('john', 's')
  const rotated = await keys.rotate(GRADUAL)
  expect(rotated.signsFrom).toEqual(new Date('2026-03-01T12:01:00.000Z'))
  expect(rotated.othersRetireAt).toEqual(new Date('2026-03-01T12:17:00.000Z'))
  expect(await published()).toEqual([old, rotated.keyId])
  expect((await keys.signer()).keyId).toBe(old)
  pass(60)
  expect((await keys.signer()).keyId).toBe(rotated.keyId)
  expect(decodeProtectedHeader(await tokens.issue('john', 's')).kid).toBe(rotated.keyId)
  expect(await tokens.verify(before)).toMatchObject({ userId: 'john' })
  pass(16 * 60)
  expect(await published()).toEqual([rotated.keyId])
  expect(await keys.verifier(old)).toBeUndefined()
})

it('a revoked key is good for nothing at once, and the new one signs', async () => {
  const { keys, published, tokens } = await setUp()
  const before = await tokens.issue('john', 's')
  expect(await tokens.verify(before)).toBeDefined()
  const { keyId, othersRetireAt } = await keys.rotate(REVOKING)
  expect(othersRetireAt).toEqual(new Date('2026-03-01T12:00:00.000Z'))
  // The poll says so.
  tokens.drop(await tokens.changedSince(new Date('2026-03-01T12:00:00.000Z')))
  expect(tokens.known(before)).toBeUndefined()
  expect(await tokens.verify(before)).toBeUndefined()
  expect(await published()).toEqual([keyId])
  expect(await tokens.verify(await tokens.issue('john', 's'))).toBeDefined()
})

it('another process that meets an unknown key looks once, and not for every made-up one', async () => {
  const { keys, other, keyDao, pass } = await setUp()
  const elsewhere = other()
  await elsewhere.jwks()
  const { keyId } = await keys.rotate(GRADUAL)
  expect(await elsewhere.verifier(keyId)).toBeDefined()

  const list = jest.spyOn(keyDao, 'list')
  pass(2)
  for (let n = 0; n < 50; n++) expect(await elsewhere.verifier(`made-up-${n}`)).toBeUndefined()
  expect(list).toHaveBeenCalledTimes(1)
  pass(2)
  await elsewhere.verifier('made-up')
  expect(list).toHaveBeenCalledTimes(2)
})

it('a process whose keys have all retired looks for another one', async () => {
  const { keys, other, pass } = await setUp()
  const elsewhere = other()
  await elsewhere.signer()
  const { keyId } = await keys.rotate(GRADUAL)
  pass(3_600)
  await keys.rotate(GRADUAL)
  pass(10)
  expect((await elsewhere.signer()).keyId).toBeDefined()
  pass(3_600)
  expect((await keys.signer()).keyId).not.toBe(keyId)
})

it('without any key nothing is signed', async () => {
  await expect(inMemorySignIn().keys.signer()).rejects.toThrow('There is no key that signs')
})

it('a rotation at the same moment as another one does nothing', async () => {
  const { keys, keyDao } = await setUp()
  jest.spyOn(keyDao, 'insert').mockResolvedValue(false)
  await expect(keys.rotate(GRADUAL)).rejects.toThrow('at this moment')
  expect((await keyDao.list()).map(({ retires_at }) => retires_at)).toEqual([null])
})

it('with another encryption key there is neither a start nor a rotation', async () => {
  const { keyDao, clock } = inMemorySignIn()
  const withKey = (byte: number) =>
    new SigningKeysService({
      dao: keyDao,
      box: createSecretBox(Buffer.alloc(32, byte)),
      freshness: { isFresh: () => false },
      clock,
      tokenTtlS: 900,
    })
  await withKey(1).ensure()
  expect(JSON.stringify(await keyDao.list())).not.toContain('"d"')
  expect((await keyDao.list())[0]?.private_jwk).toMatch(/^sealed\./)
  await expect(withKey(2).ensure()).rejects.toThrow(SecretKeyError)
  await expect(withKey(2).rotate(GRADUAL)).rejects.toThrow(SecretKeyError)
  expect(await keyDao.list()).toHaveLength(1)
})
