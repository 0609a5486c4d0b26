import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { listen } from '../../src/http/shutdown'

export interface ReceivedMail {
  readonly from: string
  readonly recipients: readonly string[]
  /** Headers and text as they came, without the dot that ends them. */
  readonly content: string
}

export interface SmtpServer {
  readonly port: number
  readonly mails: readonly ReceivedMail[]
  /** Every line that clients sent outside of mails. */
  readonly commands: readonly string[]
  readonly stop: () => Promise<void>
}

export interface SmtpServerOptions {
  readonly port?: number
  /** Answers in its place: to a command, or to 'CONNECT' and 'CONTENT'. 'hang' never answers, 'close' hangs up. */
  readonly answer?: (command: string) => string | undefined
}

/** As much of RFC 5321 as it takes to receive a mail. */
export async function startSmtpServer({
  port = 0,
  answer = () => undefined,
}: SmtpServerOptions = {}): Promise<SmtpServer> {
  const mails: ReceivedMail[] = []
  const commands: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    converse(socket, answer, (mail) => mails.push(mail), commands)
  })
  const listening = await listen(server as never, port, '127.0.0.1')
  return {
    port: listening,
    mails,
    commands,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function converse(
  socket: Socket,
  answer: (command: string) => string | undefined,
  receive: (mail: ReceivedMail) => void,
  commands: string[],
): void {
  let from = ''
  let recipients: string[] = []
  let content: string[] | undefined
  const say = (command: string, usual: string) => {
    const reply = answer(command) ?? usual
    if (reply === 'close') socket.destroy()
    else if (reply !== 'hang') socket.write(`${reply}\r\n`)
    return reply === usual
  }
  const lineOfMail = (lines: string[], line: string) => {
    if (line !== '.') return void lines.push(line.replace(/^\.\./, '.'))
    content = undefined
    if (say('CONTENT', '250 taken')) receive({ from, recipients, content: lines.join('\n') })
  }
  const command = (line: string) => {
    commands.push(line)
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'EHLO') say(line, '250 here')
    else if (verb === 'MAIL') {
      from = addressIn(line)
      recipients = []
      say(line, '250 ok')
    } else if (verb === 'RCPT') {
      if (say(line, '250 ok')) recipients.push(addressIn(line))
    } else if (verb === 'DATA') {
      if (say(line, '354 go on')) content = []
    } else if (verb === 'QUIT') say(line, '221 bye')
    else say(line, '250 ok')
  }
  let rest = ''
  socket.on('data', (chunk) => {
    rest += chunk.toString('utf8')
    for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
      const line = rest.slice(0, end)
      rest = rest.slice(end + 2)
      if (content) lineOfMail(content, line)
      else command(line)
    }
  })
  say('CONNECT', '220 test')
}

function addressIn(line: string): string {
  return /<([^>]*)>/.exec(line)?.[1] ?? ''
}
