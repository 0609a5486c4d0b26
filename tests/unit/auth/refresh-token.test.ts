import {
  firstRefreshToken,
  formatRefreshToken,
  HISTORY_MAX,
  judge,
  parseRefreshToken,
  REFRESH_GRACE_MS,
  type RefreshState,
  type RefreshToken,
  rotation,
} from '../../../src/auth/refresh-token'

const SESSION = '0123456789abcdef0123456789abcdef'
const NOW = new Date('2026-03-01T12:00:00.000Z')
const later = (ms: number) => new Date(NOW.getTime() + ms)
const read = (text: string) => parseRefreshToken(text) as RefreshToken

/** A session's tokens, oldest first, after so many rotations at NOW. */
function chain(rotations: number): { tokens: RefreshToken[]; state: RefreshState } {
  const first = firstRefreshToken(SESSION)
  const tokens = [read(first.token)]
  let state = first.state
  for (let n = 0; n < rotations; n++) {
    const step = rotation(tokens.at(-1)!, state, NOW)
    tokens.push(read(step.successor))
    state = step.state
  }
  return { tokens, state }
}

it('the newest token is current, and its text names session and generation', () => {
  const { tokens, state } = chain(2)
  expect(judge(tokens[2]!, state, NOW)).toEqual({ is: 'current' })
  expect(formatRefreshToken(tokens[2]!)).toMatch(/^rcr_0123456789abcdef0123456789abcdef_2_[0-9a-f]{64}_[0-9a-f]{32}$/)
})

it('within the grace an earlier token gives the successor that it gave', () => {
  const { tokens, state } = chain(3)
  const successor = formatRefreshToken(tokens[2]!)
  expect(judge(tokens[1]!, state, NOW)).toEqual({ is: 'repeated', successor })
  expect(judge(tokens[1]!, state, later(REFRESH_GRACE_MS))).toEqual({ is: 'repeated', successor })
  expect(judge(tokens[1]!, state, later(REFRESH_GRACE_MS + 1))).toEqual({ is: 'replayed' })
})

it('a token of a generation that is no longer remembered is a replay, too', () => {
  const { tokens, state } = chain(HISTORY_MAX + 2)
  expect(state.history).toHaveLength(HISTORY_MAX)
  expect(judge(tokens[1]!, state, NOW)).toEqual({ is: 'replayed' })
  expect(judge(tokens[2]!, state, NOW)).toMatchObject({ is: 'repeated' })
})

it('the store holds nothing that lets somebody in', () => {
  const { tokens, state } = chain(3)
  const stored = JSON.stringify(state)
  for (const { secret, tag } of tokens) {
    expect(stored).not.toContain(secret)
    expect(stored).not.toContain(tag)
  }
})

describe('a made-up token is told from a stolen one', () => {
  const { tokens, state } = chain(2)
  const other = chain(2)
  const zeros = '0'.repeat(64)
  const forged: [string, RefreshToken][] = [
    ['another secret', { ...tokens[2]!, secret: zeros }],
    ['another tag', { ...tokens[2]!, tag: '0'.repeat(32) }],
    ['another generation', { ...tokens[2]!, generation: 1 }],
    ['a generation to come', { ...tokens[2]!, generation: 3 }],
    ['the tokens of another session', other.tokens[2]!],
    ['an old one of another session', other.tokens[0]!],
  ]
  test.each(forged)('%s', (_, token) => {
    expect(judge(token, state, NOW)).toEqual({ is: 'forged' })
  })
})

describe('whoever has the tag key alone gets nothing', () => {
  const { tokens, state } = chain(2)
  // A copy of the state with other secrets stands in for tags that were made with a key read from the store.
  const foreign = (token: RefreshToken) => ({
    ...state,
    hash: '0'.repeat(64),
    history: state.history.map((past) => ({ ...past, hash: '0'.repeat(64) })),
    generation: token.generation === 2 ? 2 : state.generation,
  })
  test.each([0, 1, 2])('generation %d', (generation) => {
    expect(judge(tokens[generation]!, foreign(tokens[generation]!), NOW)).toEqual({ is: 'forged' })
  })
  test('a generation to come', () => {
    expect(judge(tokens[2]!, { ...state, generation: 1 }, NOW)).toEqual({ is: 'forged' })
  })
})

test.each([
  '',
  'rcr_',
  'rck_0123456789abcdef0123456789abcdef_0',
  `rcr_${SESSION}_01_${'0'.repeat(64)}_${'0'.repeat(32)}`,
  `rcr_${SESSION}_1e3_${'0'.repeat(64)}_${'0'.repeat(32)}`,
  `rcr_${SESSION}_9999999999_${'0'.repeat(64)}_${'0'.repeat(32)}`,
  `rcr_${SESSION}_0_${'0'.repeat(64)}_${'0'.repeat(32)}\n`,
  `rcr_${SESSION.toUpperCase()}_0_${'0'.repeat(64)}_${'0'.repeat(32)}`,
])('%j is no refresh token', (text) => {
  expect(parseRefreshToken(text)).toBeUndefined()
})
