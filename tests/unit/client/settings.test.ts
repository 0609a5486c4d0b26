import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSettings, SettingsError } from '../../../src/client/settings'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'rollcall-settings-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const file = (name: string, text: string) => writeFileSync(join(folder, name), text)
const read = (env: Record<string, string> = {}, profile?: string) => readSettings({ env, folder, profile })

it('has a default for everything', () => {
  expect(read()).toEqual({
    profile: undefined,
    baseUrl: 'http://127.0.0.1:8000',
    token: undefined,
    apiKey: undefined,
    timeoutMs: 10_000,
    totalTimeoutMs: 60_000,
    retries: 4,
    resourcePath: '/users',
    answers: 'envelope',
    logLevel: 'info',
    httpLogLevel: 'silent',
    logFormat: 'auto',
  })
})

it('takes variables before the profile, and the profile before .env', () => {
  file('.env', 'ROLLCALL_BASE_URL=http://a\nROLLCALL_RETRIES=1\nROLLCALL_TIMEOUT_MS=1000\nPORT=8000\n')
  file('.env.staging', 'ROLLCALL_BASE_URL=http://b\nROLLCALL_RETRIES=2\n')

  expect(read({ ROLLCALL_RETRIES: '3' }, 'staging')).toMatchObject({
    profile: 'staging',
    baseUrl: 'http://b',
    retries: 3,
    timeoutMs: 1_000,
  })
  expect(read({ ROLLCALL_PROFILE: 'staging' })).toMatchObject({ baseUrl: 'http://b' })
  expect(read()).toMatchObject({ baseUrl: 'http://a' })
})

it('takes an empty variable for none', () => {
  expect(read({ ROLLCALL_PROFILE: '', ROLLCALL_BASE_URL: '', ROLLCALL_TOKEN: '' })).toEqual(read())
})

it('tells every problem at once, and no value', () => {
  const env = { ROLLCALL_BASE_URL: 'http://ada:hunter2@host', ROLLCALL_RETRIES: 'many', ROLLCALL_TYPO: 'x' }
  const problems = () => {
    try {
      read(env)
      return []
    } catch (error) {
      return (error as SettingsError).problems
    }
  }

  expect(problems()).toHaveLength(3)
  expect(problems().join()).toMatch(/ROLLCALL_BASE_URL.*ROLLCALL_RETRIES.*ROLLCALL_TYPO/)
  expect(problems().join()).not.toContain('hunter2')
})

it.each([
  ['two identities', { ROLLCALL_TOKEN: 'a', ROLLCALL_API_KEY: 'b' }],
  ['a profile without a file', { ROLLCALL_PROFILE: 'none' }],
  ['a profile that is a path', { ROLLCALL_PROFILE: '../../etc/passwd' }],
])('refuses %s', (_, env) => {
  expect(() => read(env)).toThrow(SettingsError)
})
