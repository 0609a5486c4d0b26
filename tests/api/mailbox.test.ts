import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import request from 'supertest'
import { MAILS_KEPT_MAX, DevMailbox } from '../../src/mail/dev-mailbox'
import { startApi, type TestApi } from '../support/api'
import { mailsTo, mailTo } from '../support/mailbox'

const PATHS = ['/dev/mailbox', '/dev/mailbox.json']

let api: TestApi
beforeAll(async () => {
  api = await startApi({ AUTH_MODE: 'required', ALLOW_REGISTRATION: 'true' })
})
afterAll(() => api.stop())

async function register(email: string) {
  await api.request.post('/auth/register').send({ name: '<b>', email, password: 'Battery-Staple-8' }).expect(201)
  return mailTo(api, email, 'Confirm your e-mail address')
}

it('shows mails as a page that loads, runs and sends nothing', async () => {
  await register('ann@example.com')
  const answer = await api.request.get('/dev/mailbox').expect(200)

  expect(answer.headers).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy': expect.stringMatching(
      /^default-src 'none';.*form-action 'none'; frame-ancestors 'none'$/,
    ),
    'content-type': 'text/html; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.any(String),
  })
  expect(answer.text).toContain('To ann@example.com')
  expect(answer.text).not.toMatch(/<script|<form|<a /)
})

it('shows mails as JSON, newest first', async () => {
  await register('bob@example.com')
  const { body } = await api.request.get('/dev/mailbox.json').expect(200)

  expect(body).toEqual({ data: expect.any(Array), message: 'Mails listed', status_code: 200 })
  expect(Object.keys(body.data[0])).toEqual(['id', 'to', 'subject', 'text', 'sent_at'])
  expect(body.data[0].to).toBe('bob@example.com')
})

describe.each(PATHS)('%s', (path) => {
  it.each([
    ['a name that is not this machine', { Host: 'rollcall.example.com' }],
    ['a name that begins like it', { Host: 'localhost.example.com' }],
    ['no host', { Host: '' }],
    ['a proxy', { 'X-Forwarded-For': '127.0.0.1' }],
    ['a proxy of another kind', { Forwarded: 'for=127.0.0.1' }],
    ['nginx', { 'X-Real-IP': '127.0.0.1' }],
    ['a cache', { Via: '1.1 cache' }],
    ['a script of another origin', { Origin: 'http://localhost:3000' }],
  ])('is unknown to %s', async (_, headers) => {
    const answer = await api.request.get(path).set(headers)

    expect([answer.status, answer.body.data.code]).toEqual([404, 'ROUTE_NOT_FOUND'])
    expect((await api.request.post(path).set(headers)).status).toBe(404)
  })

  it('can only be read', async () => {
    const answer = await api.request.delete(path)

    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })

  it('is unknown where mails are really sent, and to connections from elsewhere', async () => {
    const sending = await startApi({ SMTP_URL: 'smtp://127.0.0.1:1' })
    expect((await sending.request.get(path)).status).toBe(404)
    await sending.stop()

    const address = '203.0.113.7'
    const app = (req: IncomingMessage, res: ServerResponse) => {
      Object.defineProperty(req.socket, 'remoteAddress', { value: address, configurable: true })
      ;(api.app as unknown as RequestListener)(req, res)
    }
    expect((await request(app).get(path).set('Host', 'localhost')).status).toBe(404)
  })
})

it('keeps so many mails and no more, and forgets those of one address', async () => {
  let now = Date.now()
  const mailbox = new DevMailbox(api.connection, 2_000, () => new Date((now += 1)))
  for (let n = 0; n < MAILS_KEPT_MAX + 5; n += 1) {
    await mailbox.deliver({ to: `n${n}@example.com`, subject: 'Hello', text: 'x' })
  }

  const mails = await mailsTo(api)
  expect(mails).toHaveLength(MAILS_KEPT_MAX)
  expect(mails[0]!.to).toBe(`n${MAILS_KEPT_MAX + 4}@example.com`)
  await mailbox.forget(mails[0]!.to)
  expect(await mailsTo(api, mails[0]!.to)).toEqual([])
  mailbox.close()
})

it('has an index that forgets every mail after an hour', async () => {
  const indexes = await api.connection.db!.collection('dev_mailbox').indexes()

  expect(indexes).toContainEqual(expect.objectContaining({ key: { sent_at: 1 }, expireAfterSeconds: 3_600 }))
})
