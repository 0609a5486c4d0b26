import { calculateJwkThumbprint, type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import { CachedReads } from '../http/cached-reads'
import type { Freshness, RevocationSource } from '../http/revocation'
import type { SecretBox } from '../secrets/secret-box'
import type { SigningKey, SigningKeyDao } from './signing-key.dao'

export const ALGORITHM = 'EdDSA'
/** How long a new key is published before it signs, unless told otherwise, in seconds. JWKS may be cached for as long. */
export const OVERLAP_S_DEFAULT = 60
/** How much longer than its last token an old key is good, in milliseconds: what clocks may differ by. */
const SLACK_MS = 60_000
/** A token with an unknown key may be of one that is a moment old; no more often than this do we look, in milliseconds. */
const LOOK_AGAIN_MS = 1_000
const KEY_SET = 'keys'

export interface SigningKeysDeps {
  readonly dao: SigningKeyDao
  readonly box: SecretBox
  readonly freshness: Freshness
  readonly clock: () => Date
  /** How long a token is good, in seconds. */
  readonly tokenTtlS: number
}

export interface RotationOptions {
  /** How long the new key is published before it signs, in seconds. */
  readonly overlapS: number
  /** The old keys are known to others: none of their tokens is good any more. */
  readonly revoke: boolean
}

export interface Rotated {
  readonly keyId: string
  readonly signsFrom: Date
  /** When the old keys go. */
  readonly othersRetireAt: Date
}

interface LoadedKey {
  readonly key: SigningKey
  readonly publicKey: CryptoKey
  readonly privateKey: CryptoKey
}

type KeySet = ReadonlyMap<string, LoadedKey>

/** The keys that sign access tokens: Ed25519, made at the first start, the same for all processes. */
export class SigningKeysService implements RevocationSource {
  private readonly sets: CachedReads<KeySet>
  private lookedAt = Number.NEGATIVE_INFINITY

  constructor(private readonly deps: SigningKeysDeps) {
    this.sets = new CachedReads({ read: () => this.load(), freshness: deps.freshness, max: 1 })
  }

  /** There is a key. Every process may do so at once, at each start. @throws SecretKeyError */
  async ensure(): Promise<void> {
    if (this.signing(await this.load())) return
    await this.create(this.deps.clock())
    await this.load()
  }

  /** The key that signs now. */
  async signer(): Promise<{ readonly keyId: string; readonly key: CryptoKey }> {
    const known = this.signing(await this.set()) ?? this.signing(await this.renewed())
    if (!known) throw new Error('There is no key that signs')
    return { keyId: known.key.id, key: known.privateKey }
  }

  /** The public key of this id, if its tokens are good. */
  async verifier(keyId: string): Promise<CryptoKey | undefined> {
    const found = (await this.set()).get(keyId) ?? (await this.lookAgain())?.get(keyId)
    return found && this.isGood(found) ? found.publicKey : undefined
  }

  /** The public keys, for whoever verifies tokens (RFC 7517, section 5). */
  async jwks(): Promise<{ readonly keys: readonly JWK[] }> {
    const good = [...(await this.set()).values()].filter((loaded) => this.isGood(loaded))
    return { keys: good.map(({ key }) => ({ ...key.public_jwk, kid: key.id, alg: ALGORITHM, use: 'sig' })) }
  }

  /** Makes the next key; those before it retire when the last of their tokens is over, or at once. @throws SecretKeyError */
  async rotate({ overlapS, revoke }: RotationOptions): Promise<Rotated> {
    // With another encryption key than the service's this would make a key that the service cannot open.
    await this.load()
    const now = this.deps.clock()
    const signsFrom = new Date(now.getTime() + (revoke ? 0 : overlapS * 1_000))
    const key = await this.create(signsFrom)
    if (!key) throw new Error('Another key was made at this moment: look at it before you make one more')
    const lastTokenEnds = signsFrom.getTime() + this.deps.tokenTtlS * 1_000 + SLACK_MS
    const othersRetireAt = revoke ? now : new Date(lastTokenEnds)
    await this.deps.dao.retireOthers(key.id, othersRetireAt, this.deps.clock())
    this.drop('all')
    return { keyId: key.id, signsFrom, othersRetireAt }
  }

  async changedSince(since: Date): Promise<readonly string[]> {
    return this.deps.dao.changedSince(since)
  }

  drop(keys: readonly string[] | 'all'): void {
    if (keys.length > 0) this.sets.drop('all')
  }

  private async set(): Promise<KeySet> {
    return this.sets.known(KEY_SET) ?? (await this.renewed())
  }

  private async renewed(): Promise<KeySet> {
    return (await this.sets.find(KEY_SET)) as KeySet
  }

  private async lookAgain(): Promise<KeySet | undefined> {
    const now = this.deps.clock().getTime()
    if (Math.abs(now - this.lookedAt) < LOOK_AGAIN_MS) return undefined
    this.lookedAt = now
    return this.renewed()
  }

  private signing(set: KeySet): LoadedKey | undefined {
    const now = this.deps.clock()
    return [...set.values()].filter((loaded) => this.isGood(loaded) && loaded.key.signs_from <= now).at(-1)
  }

  private isGood({ key }: LoadedKey): boolean {
    return key.retires_at === null || key.retires_at > this.deps.clock()
  }

  private async load(): Promise<KeySet> {
    const keys = await this.deps.dao.list()
    const loaded = await Promise.all(keys.map((key) => this.open(key)))
    return new Map(loaded.map((each) => [each.key.id, each]))
  }

  private async open(key: SigningKey): Promise<LoadedKey> {
    const jwk = JSON.parse(this.deps.box.open(key.private_jwk, purposeOf(key.id))) as JWK
    const [publicKey, privateKey] = await Promise.all([importJWK(key.public_jwk, ALGORITHM), importJWK(jwk, ALGORITHM)])
    return { key, publicKey: publicKey as CryptoKey, privateKey: privateKey as CryptoKey }
  }

  /** @returns undefined when another process made the next key meanwhile. */
  private async create(signsFrom: Date): Promise<SigningKey | undefined> {
    const present = await this.deps.dao.list()
    const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { extractable: true })
    const [publicJwk, privateJwk] = await Promise.all([exportJWK(publicKey), exportJWK(privateKey)])
    const id = await calculateJwkThumbprint(publicJwk)
    const key: SigningKey = {
      id,
      number: (present.at(-1)?.number ?? 0) + 1,
      public_jwk: publicJwk,
      private_jwk: this.deps.box.seal(JSON.stringify(privateJwk), purposeOf(id)),
      created_at: this.deps.clock(),
      signs_from: signsFrom,
      retires_at: null,
    }
    return (await this.deps.dao.insert(key)) ? key : undefined
  }
}

function purposeOf(keyId: string): string {
  return `signing_keys/${keyId}`
}
