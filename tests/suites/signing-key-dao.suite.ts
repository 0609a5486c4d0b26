import type { SigningKey, SigningKeyDao } from '../../src/auth/signing-key.dao'

export interface SigningKeyDaoBinding {
  /** Without keys. */
  readonly dao: SigningKeyDao
  readonly close: () => Promise<void>
}

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute))

function newKey(number: number, change: Partial<SigningKey> = {}): SigningKey {
  return {
    id: `key-${number}`,
    number,
    public_jwk: { kty: 'OKP', crv: 'Ed25519', x: String(number) },
    private_jwk: `plain.${number}`,
    created_at: at(number),
    signs_from: at(number + 1),
    retires_at: null,
    ...change,
  }
}

export function describeSigningKeyDao(binding: string, bind: () => Promise<SigningKeyDaoBinding>): void {
  describe(`signing keys in ${binding}`, () => {
    let dao: SigningKeyDao
    let close: () => Promise<void>
    beforeEach(async () => {
      ;({ dao, close } = await bind())
    })
    afterEach(async () => close())

    test('they are listed as they were inserted, oldest first', async () => {
      await dao.insert(newKey(2))
      await dao.insert(newKey(1))
      expect(await dao.list()).toEqual([newKey(1), newKey(2)])
    })

    test('of many that are the next one, one is', async () => {
      const next = Array.from({ length: 8 }, (_, n) => dao.insert(newKey(1, { id: `rival-${n}` })))
      expect((await Promise.all(next)).filter(Boolean)).toHaveLength(1)
      expect(await dao.list()).toHaveLength(1)
    })

    test('all but one retire, none later than it would have', async () => {
      await dao.insert(newKey(1, { retires_at: at(20) }))
      await dao.insert(newKey(2, { retires_at: at(40) }))
      await dao.insert(newKey(3))
      await dao.insert(newKey(4))
      expect(await dao.retireOthers('key-4', at(30), at(10))).toBe(2)
      expect((await dao.list()).map(({ retires_at }) => retires_at)).toEqual([at(20), at(30), at(30), null])
    })

    test('those that were made or retired lately are told', async () => {
      await dao.insert(newKey(1))
      await dao.insert(newKey(5))
      expect(await dao.changedSince(at(5))).toEqual(['key-5'])
      await dao.retireOthers('key-5', at(30), at(10))
      expect(await dao.changedSince(at(6))).toEqual(['key-1'])
      expect(await dao.changedSince(at(11))).toEqual([])
    })
  })
}
