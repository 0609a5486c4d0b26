import { Writable } from 'node:stream'
import { type MailDelivery, MailDeliveryError, MailRefusedError } from '../../../src/mail/mail-delivery'
import type { Mail } from '../../../src/mail/mailer'
import { QueuedMailer } from '../../../src/mail/queued-mailer'
import { SmtpDelivery } from '../../../src/mail/smtp-delivery'
import { createLogger } from '../../../src/observability/logger'
import { freePort } from '../../support/free-port'
import { until } from '../../support/service-process'
import { type SmtpServer, startSmtpServer } from '../../support/smtp-server'

const SECRET = 'rcv_this-must-never-be-logged'
const MAIL: Mail = { to: 'ann@example.com', subject: 'Grüße', text: `Your code: ${SECRET}\n.\nÄ line\n` }
const FROM = 'Rollcall <no-reply@rollcall.example>'

const open: { close: () => void | Promise<void> }[] = []
afterEach(async () => {
  for (const opened of open.splice(0).reverse()) await opened.close()
})

async function server(options: Parameters<typeof startSmtpServer>[0] = {}): Promise<SmtpServer> {
  const started = await startSmtpServer(options)
  open.push({ close: started.stop })
  return started
}

function deliveryTo(port: number, query = '', login = ''): SmtpDelivery {
  const delivery = new SmtpDelivery({ url: `smtp://${login}127.0.0.1:${port}${query}`, from: FROM })
  open.push(delivery)
  return delivery
}

async function failureOf(work: Promise<void>): Promise<MailDeliveryError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(MailDeliveryError)
  return error as MailDeliveryError
}

function queued(delivery: MailDelivery, waits: readonly (number | undefined)[] = []) {
  let text = ''
  const sink = new Writable({ decodeStrings: false, write: (chunk: string, _, done) => done(void (text += chunk)) })
  const mailer = new QueuedMailer({
    delivery,
    logger: createLogger({ logLevel: 'debug', logFormat: 'json' }, sink),
    sentTo: 'Handed over',
    nextAttemptMs: (failed) => waits[failed - 1],
  })
  return { mailer, log: () => text }
}

describe('handing a mail to an SMTP server', () => {
  it('is one conversation with one recipient', async () => {
    const smtp = await server()
    await deliveryTo(smtp.port).deliver(MAIL)

    const [mail] = smtp.mails
    expect([mail!.from, mail!.recipients]).toEqual(['no-reply@rollcall.example', ['ann@example.com']])
    expect(mail!.content).toContain('From: Rollcall <no-reply@rollcall.example>')
    expect(mail!.content).toMatch(/^To: ann@example\.com$/m)
    expect(mail!.content).toContain('Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=')
    expect(mail!.content).toContain('Auto-Submitted: auto-generated')
    expect(mail!.content).toContain('Content-Type: text/plain; charset=utf-8')
  })

  it('keeps the connection for the next one', async () => {
    const smtp = await server()
    const delivery = deliveryTo(smtp.port)
    await delivery.deliver(MAIL)
    await delivery.deliver({ ...MAIL, to: 'bob@example.com' })

    expect(smtp.mails).toHaveLength(2)
    expect(smtp.commands.filter((line) => line.startsWith('EHLO'))).toHaveLength(1)
  })

  it('does not go on in the clear where the URL asks for TLS', async () => {
    const smtp = await server({ answer: (command) => (command === 'STARTTLS' ? '502 not here' : undefined) })
    const { failure } = await failureOf(deliveryTo(smtp.port, '?requireTLS=true').deliver(MAIL))

    expect(failure.code).toBe('ETLS')
    expect(smtp.mails).toEqual([])
    expect(smtp.commands.some((line) => line.startsWith('MAIL'))).toBe(false)
  })

  it('uses STARTTLS where it is offered, and gives up when it fails', async () => {
    const offer = (command: string) =>
      command.startsWith('EHLO') ? '250-here\r\n250 STARTTLS' : command === 'STARTTLS' ? '220 go on' : undefined
    const smtp = await server({ answer: offer })
    const failed = failureOf(deliveryTo(smtp.port).deliver(MAIL))
    await until(
      () => smtp.commands.includes('STARTTLS'),
      2_000,
      () => smtp.commands.join(),
    )
    await smtp.stop()
    open.splice(0, 1)

    expect((await failed).failure.responseCode).toBeUndefined()
    expect(smtp.mails).toEqual([])
  })

  it.each([
    ['550 no such user', MailRefusedError, 550],
    ['450 try later', MailDeliveryError, 450],
    ['503 not now', MailDeliveryError, 503],
  ])('%s', async (reply, kind, code) => {
    const smtp = await server({ answer: (command) => (command.startsWith('RCPT') ? reply : undefined) })
    const error = await failureOf(deliveryTo(smtp.port).deliver(MAIL))

    expect(error.constructor).toBe(kind)
    expect(error.failure).toEqual({ code: 'EENVELOPE', responseCode: code, reason: undefined })
  })

  it('a wrong password is no refusal of the mail, and stays out of the error', async () => {
    const login = (command: string) =>
      command.startsWith('EHLO') ? '250-here\r\n250 AUTH PLAIN' : command.startsWith('AUTH') ? '535 wrong' : undefined
    const smtp = await server({ answer: login })
    const error = await failureOf(deliveryTo(smtp.port, '', 'me:hunter2@').deliver(MAIL))

    expect(error.constructor).toBe(MailDeliveryError)
    expect(JSON.stringify(error.failure)).toBe('{"code":"EAUTH","responseCode":535}')
  })
})

describe('the queue', () => {
  it('tries again until the server is back, and logs neither text nor token', async () => {
    const port = await freePort()
    const { mailer, log } = queued(deliveryTo(port), [10, 10, 10, 10, 10])
    mailer.send(MAIL)
    await until(() => log().split('will be tried again').length > 2, 5_000, log)
    const smtp = await server({ port })
    await until(() => smtp.mails.length === 1, 5_000, log)

    expect(log()).toContain('Mail to ann@example.com: Grüße. Handed over')
    expect(log()).not.toContain(SECRET)
  })

  it('gives up in the end, and goes on with others', async () => {
    const { mailer, log } = queued(deliveryTo(await freePort()), [1, 1])
    mailer.send(MAIL)
    await until(() => log().includes('A mail was given up'), 5_000, log)
    const last = log()
      .split('\n')
      .find((line) => line.includes('given up'))!

    expect(JSON.parse(last)).toMatchObject({ level: 'error', to: MAIL.to, subject: MAIL.subject, attempts: 3 })
    expect(log()).not.toContain(SECRET)
  })

  it('does not repeat what the server refuses for good, nor log what the server quotes', async () => {
    const smtp = await server({ answer: (command) => (command === 'CONTENT' ? `554 spam: ${SECRET}` : undefined) })
    const { mailer, log } = queued(deliveryTo(smtp.port), [1, 1])
    mailer.send(MAIL)
    await until(() => log().includes('given up'), 5_000, log)

    expect(smtp.commands.filter((line) => line.startsWith('DATA'))).toHaveLength(1)
    expect(JSON.parse(log())).toMatchObject({ attempts: 1, responseCode: 554 })
    expect(log()).not.toContain(SECRET)
  })

  it.each([
    { to: 'ann@example.com\r\nBcc: eve@example.com' },
    { to: 'ann@example.com, eve@example.com' },
    { to: 'Ann <ann@example.com>' },
    { to: `${'a'.repeat(251)}@b.c` },
    { subject: 'Hello\r\nBcc: eve@example.com' },
    { subject: 'Hello\u2028Bcc: eve@example.com' },
    { subject: 'x'.repeat(201) },
  ])('sends nothing for %j', async (part) => {
    const smtp = await server()
    const { mailer, log } = queued(deliveryTo(smtp.port))
    mailer.send({ ...MAIL, ...part })
    await mailer.drain()

    expect(smtp.commands).toEqual([])
    expect(log()).toContain('its recipient or subject cannot be one')
    expect(log()).not.toContain('eve@example.com')
  })

  it('holds so many mails and no more', async () => {
    const deliver = jest.fn(() => Promise.resolve())
    const { mailer, log } = queued({ deliver, close: () => undefined })
    for (let n = 0; n < 1_003; n += 1) mailer.send(MAIL)
    await mailer.drain()

    expect(deliver).toHaveBeenCalledTimes(1_000)
    expect(log().split('A mail was dropped')).toHaveLength(4)
  })

  it('at the end sends what waits, at once', async () => {
    let attempts = 0
    const close = jest.fn()
    const deliver = () => ((attempts += 1) === 1 ? Promise.reject(new Error('not now')) : Promise.resolve())
    const { mailer, log } = queued({ deliver, close }, [3_600_000])
    mailer.send(MAIL)
    await until(() => log().includes('will be tried again'), 2_000, log)
    await mailer.drain()

    expect([attempts, close.mock.calls.length]).toEqual([2, 1])
  })

  it('at the end does not wait for ever', async () => {
    let text = ''
    const sink = new Writable({ decodeStrings: false, write: (chunk: string, _, done) => done(void (text += chunk)) })
    const logger = createLogger({ logLevel: 'debug', logFormat: 'json' }, sink)
    const never: MailDelivery = { deliver: () => new Promise(() => undefined), close: jest.fn() }
    const mailer = new QueuedMailer({ delivery: never, logger, sentTo: '', drainMs: 20 })
    mailer.ensureAvailable()
    mailer.send(MAIL)
    await mailer.drain()

    expect(text).toContain('1 mails were not sent before the end')
    expect(never.close).toHaveBeenCalledTimes(1)
  })
})
