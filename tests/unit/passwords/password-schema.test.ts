import { joi, strictObject } from '../../../src/http/joi'
import type { FieldError } from '../../../src/errors'
import { compileCheck } from '../../../src/http/validate'
import { BASIC_RULES, createPasswordPolicy, type PolicyRules } from '../../../src/passwords/password-policy'
import { passwordSchema } from '../../../src/passwords/password-schema'

const body = strictObject({ password: passwordSchema().required(), email: joi.string(), name: joi.string() })

function problemsOf(password: string, rules: Partial<PolicyRules> = {}, about: object = {}): FieldError[] {
  const passwordPolicy = createPasswordPolicy({ ...BASIC_RULES, refuseCommon: true, ...rules })
  const problems: FieldError[] = []
  compileCheck(body, 'the body', false, { passwordPolicy })({ password, ...about }, problems)
  return problems
}

const codes = (password: string, rules: Partial<PolicyRules> = {}, about: object = {}) =>
  problemsOf(password, rules, about).map(({ code }) => code)

test.each(['Password@123', 'SecurePass123', 'Ünïcödé1', 'Aa1' + 'é'.repeat(34) + 'x'])('%s is good', (password) => {
  expect(problemsOf(password)).toEqual([])
})

test('everything that is wrong is told at once, and never the value', () => {
  expect(problemsOf('__\0')).toEqual([
    { field: 'password', code: 'password.characters', message: 'password must be valid Unicode without NUL' },
    { field: 'password', code: 'string.min', message: 'password must be at least 8 bytes long in UTF-8' },
    {
      field: 'password',
      code: 'string.pattern.name',
      message: 'password must contain at least one lower-case letter',
    },
    {
      field: 'password',
      code: 'string.pattern.name',
      message: 'password must contain at least one upper-case letter',
    },
    { field: 'password', code: 'string.pattern.name', message: 'password must contain at least one digit' },
  ])
})

test('length is in bytes of UTF-8, at both ends', () => {
  expect(codes('Aa1éé')).toEqual(['string.min'])
  expect(codes('Aa1ééx')).toEqual([])
  expect(codes(`Aa1${'x'.repeat(69)}`)).toEqual([])
  expect(codes(`Aa1${'x'.repeat(70)}`)).toEqual(['string.max'])
  expect(codes(`Aa1${'é'.repeat(35)}`)).toEqual(['string.max'])
  expect(codes('Aa1xxxxxxx', { minBytes: 12 })).toEqual(['string.min'])
})

test.each(['\ud800', '\udc00', '\udc00\ud800'])('lone surrogates are refused', (surrogates) => {
  expect(codes(`Password@123${surrogates}`)).toEqual(['password.characters'])
})

test('words of the context are refused, in any case and anywhere', () => {
  const words = ['Acme', 'rollcall']
  expect(codes('My-aCMe-Pass1', { words })).toEqual(['password.word'])
  expect(codes('RollCall2026x', { words })).toEqual(['password.word'])
  expect(codes('SecurePass123', { words })).toEqual([])
  expect(createPasswordPolicy({ ...BASIC_RULES, words }).description).toContain('without words that are refused here')
})

test('the classes are those that are asked for', () => {
  expect(codes('password@', { classes: [] })).toEqual([])
  expect(codes('PASSWORD1', { classes: ['upper', 'digit'], refuseCommon: false })).toEqual([])
  expect(problemsOf('SecurePass123', { classes: ['symbol'] })).toEqual([
    { field: 'password', code: 'string.pattern.name', message: 'password must contain at least one symbol' },
  ])
  for (const symbol of ['@', ' ', '§', '€', '😀'])
    expect(codes(`SecurePass${symbol}`, { classes: ['symbol'] })).toEqual([])
})

test.each(['Password1', 'pAsSwOrD123', 'Qwerty123', 'Passw0rd', '1Qaz2Wsx', 'Welcome1'])(
  '%s is common, however it is written',
  (password) => {
    expect(codes(password)).toEqual(['password.common'])
    expect(codes(password, { refuseCommon: false })).toEqual([])
  },
)

test('a score is asked for only where one is configured; the owner’s own names do not add to it', () => {
  expect(codes('Password@123', { minScore: 3 })).toEqual(['password.score'])
  expect(codes('Vexatious-Umbrella-47', { minScore: 4 })).toEqual([])
  expect(codes('Wetherbyxq1', { minScore: 3 })).toEqual([])
  expect(codes('Wetherbyxq1', { minScore: 3 }, { email: 'wetherbyxq1@example.com', name: 'Wetherbyxq' })).toEqual([
    'password.score',
  ])
})

test('zxcvbn is bounded in time, whatever is typed', () => {
  const policy = createPasswordPolicy({ ...BASIC_RULES, minScore: 4 })
  policy.problems('warm-up Aa1', [])
  const worst = ['P4$5w0rd'.repeat(9), '4@8({[</369!|1/06$5+7%2Aa'.repeat(2), 'aA1'.repeat(24)]
  const begin = performance.now()
  for (const password of worst) policy.problems(password, ['a'.repeat(200), 'b@c.d'])
  // A runaway takes minutes; unbounded the three take about a second on an idle core.
  expect(performance.now() - begin).toBeLessThan(3_000)
})

test('without a context the basic rules hold', () => {
  const problems: FieldError[] = []
  compileCheck(body, 'the body', false)({ password: 'short' }, problems)
  expect(problems.map(({ code }) => code)).toEqual(['string.min', 'string.pattern.name', 'string.pattern.name'])
  expect(passwordSchema().validate('Password1').error).toBeUndefined()
  expect(
    passwordSchema()
      .validate(5)
      .error?.details.map(({ type }) => type),
  ).toEqual(['string.base'])
})

test.each([
  [{}, '8 to 72 bytes in UTF-8, with a lower-case letter, an upper-case letter and a digit; none of the commonest'],
  [{ classes: [], refuseCommon: false, minBytes: 12 }, '12 to 72 bytes in UTF-8'],
  [
    { classes: ['symbol' as const], minScore: 3 },
    '8 to 72 bytes in UTF-8, with a symbol; none of the commonest; a zxcvbn score of at least 3',
  ],
])('the policy says what it asks for', (rules, text) => {
  expect(createPasswordPolicy({ ...BASIC_RULES, refuseCommon: true, ...rules }).description).toBe(text)
})
