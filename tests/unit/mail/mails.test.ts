import { Writable } from 'node:stream'
import { AccountMails } from '../../../src/mail/account-mails'
import { mailPlaces } from '../../../src/mail/create-mailing'
import { mailboxPage } from '../../../src/mail/dev-mailbox.page'
import { mailTexts } from '../../../src/mail/mail-texts'
import type { Mail } from '../../../src/mail/mailer'
import { isSendable } from '../../../src/mail/queued-mailer'
import { ATTEMPTS_MAX, nextAttemptMs } from '../../../src/mail/retry'
import { UnavailableMailer } from '../../../src/mail/unavailable-mailer'
import { createLogger } from '../../../src/observability/logger'

const HERE = { serviceUrl: 'http://127.0.0.1:8000', publicUrl: undefined }
const PUBLIC = { serviceUrl: 'https://id.example.com', publicUrl: 'https://id.example.com' }

describe('the waits between attempts', () => {
  it('grow, and end', () => {
    const waits = Array.from({ length: ATTEMPTS_MAX }, (_, n) => nextAttemptMs(n + 1, 0.5))

    expect(waits).toEqual([1_000, 5_000, 30_000, 120_000, 600_000, undefined])
  })

  it('are spread by a quarter either way', () => {
    expect([nextAttemptMs(2, 0), nextAttemptMs(2, 1)]).toEqual([3_750, 6_250])
  })
})

describe('the texts', () => {
  it('show the call, and a link only where there is a public address', () => {
    const here = mailTexts(HERE).verifyEmail('rcv_token').text
    const there = mailTexts(PUBLIC).verifyEmail('rcv_token').text

    expect(here).toContain('Your code: rcv_token')
    expect(here).toContain(
      [
        'curl -X POST http://127.0.0.1:8000/api/v1/auth/email/verify \\',
        `  -H 'Content-Type: application/json' \\`,
        `  -d '{"token":"rcv_token"}'`,
      ].join('\n'),
    )
    expect(here).not.toContain('verify-email')
    expect(there).toContain('https://id.example.com/verify-email?token=rcv_token\n')
    expect(there).toContain('curl -X POST https://id.example.com/api/v1/auth/email/verify')
  })

  it('can all be sent, and none has a token in its subject', () => {
    const texts = mailTexts(PUBLIC)
    for (const write of Object.values(texts)) {
      const mail: Mail = { to: 'ann@example.com', ...write('rcv_token', 'bob@example.com') }
      expect(isSendable(mail)).toBe(true)
      expect(mail.subject).not.toContain('rcv_token')
      expect(mail.text.endsWith('\n')).toBe(true)
    }
  })

  it('are sent to whom they are for', () => {
    const sent: Mail[] = []
    const mailer = {
      ensureAvailable: jest.fn(),
      send: (mail: Mail) => void sent.push(mail),
      drain: async () => undefined,
    }
    const mails = new AccountMails(mailer, HERE)
    mails.ensureAvailable()
    mails.send('ann@example.com', 'leaveEmail', 'rcl_token', 'new@example.com')

    expect(mailer.ensureAvailable).toHaveBeenCalledTimes(1)
    expect(sent).toEqual([{ to: 'ann@example.com', ...mailTexts(HERE).leaveEmail('rcl_token', 'new@example.com') }])
  })
})

describe('the places', () => {
  it.each([
    ['127.0.0.1', undefined, 'http://127.0.0.1:8000'],
    ['0.0.0.0', undefined, 'http://localhost:8000'],
    ['::', undefined, 'http://localhost:8000'],
    ['::1', undefined, 'http://[::1]:8000'],
    ['0.0.0.0', 'https://id.example.com', 'https://id.example.com'],
  ])('%s and %s: %s', (host, publicUrl, serviceUrl) => {
    expect(mailPlaces({ host, port: 8000, publicUrl })).toEqual({ publicUrl, serviceUrl })
  })
})

describe('without a mail server', () => {
  it('notices are dropped and told of, and calls that need a mail refused', async () => {
    let log = ''
    const sink = new Writable({ decodeStrings: false, write: (chunk: string, _, done) => done(void (log += chunk)) })
    const mailer = new UnavailableMailer(createLogger({ logLevel: 'info', logFormat: 'json' }, sink))
    mailer.send({ to: 'ann@example.com', subject: 'Hello', text: 'rcv_token' })
    await mailer.drain()

    expect(JSON.parse(log)).toMatchObject({ level: 'warn', to: 'ann@example.com', subject: 'Hello' })
    expect(log).not.toContain('rcv_token')
    expect(() => mailer.ensureAvailable()).toThrow('SMTP_URL')
  })
})

describe('the page of the mailbox', () => {
  it('says when it is empty', () => {
    expect(mailboxPage([])).toContain('<p>No mails yet.</p>')
  })

  it('shows every mail as text', () => {
    const hostile = `<script>alert("x")</script> & 'y'`
    const mail = { id: '1', to: hostile, subject: hostile, text: hostile, sent_at: '2026-03-01T12:00:00.000Z' }
    const page = mailboxPage([mail])

    expect(page).not.toContain('<script')
    expect(page.split('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;')).toHaveLength(4)
  })
})
