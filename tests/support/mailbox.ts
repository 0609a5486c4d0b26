import type { TestApi } from './api'
import { until } from './service-process'

export interface ReadMail {
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly sent_at: string
}

const MAIL_MS = 5_000

/** The mails of the service, read as anybody on this machine can: newest first. */
export async function mailsTo(api: Pick<TestApi, 'request'>, to?: string): Promise<readonly ReadMail[]> {
  const answer = await api.request.get('/dev/mailbox.json')
  if (answer.status !== 200) throw new Error(`No mailbox: ${answer.status} ${answer.text}`)
  const mails = answer.body.data as readonly ReadMail[]
  return to === undefined ? mails : mails.filter((mail) => mail.to === to)
}

/** The newest mail of this subject, once there are `count` of them. Mails are sent behind the answer. */
export async function mailTo(api: Pick<TestApi, 'request'>, to: string, subject: string, count = 1): Promise<ReadMail> {
  let found: readonly ReadMail[] = []
  await until(
    async () => {
      found = (await mailsTo(api, to)).filter((mail) => mail.subject === subject)
      return found.length >= count
    },
    MAIL_MS,
    () => `${to} has ${found.length} mails "${subject}", not ${count}`,
  )
  return found[0]!
}

/** The token that a mail carries. */
export function tokenIn({ text }: ReadMail): string {
  const token = /^Your code: (\S+)$/m.exec(text)?.[1]
  if (token === undefined) throw new Error(`No token in:\n${text}`)
  return token
}
