import type { KeptMail } from './dev-mailbox'

/** The mailbox as a page: everything in a mail is text, and stays text. */
export function mailboxPage(mails: readonly KeptMail[]): string {
  const list = mails.length === 0 ? '    <p>No mails yet.</p>' : mails.map(article).join('\n')
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Rollcall: mailbox</title>
    <style>
      body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
      article { border-top: 1px solid #8888; padding: 1rem 0 }
      h2 { font-size: 1.1rem; margin: 0 }
      pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.5rem 0 0 }
    </style>
  </head>
  <body>
    <h1>Mailbox</h1>
    <p>Mails that the service would send if SMTP_URL were set: kept for an hour, shown on this machine alone.</p>
${list}
  </body>
</html>
`
}

function article({ to, subject, text, sent_at }: KeptMail): string {
  return `    <article>
      <h2>${escaped(subject)}</h2>
      <div>To ${escaped(to)}, <time datetime="${escaped(sent_at)}">${escaped(sent_at)}</time></div>
      <pre>${escaped(text)}</pre>
    </article>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
}
