import { createRequire } from 'node:module'
import { isIP } from 'node:net'
import type { Command } from 'commander'
import { type Context, type Surroundings, withContext } from '../context'
import { withExamples } from '../help'
import { painted, type Terminal } from '../terminal'
import { harmless, wrapped } from '../text'
import type { Finding } from './finding'
import type * as Machine from './machine'
import { examineService } from './service'

const CHECK_WIDTH = 13
const MARK_WIDTH = 6

/** Some checks failed; they are told already. */
export class SickError extends Error {}

/** `rollcall doctor` */
export function addDoctor(program: Command, around: Surroundings): void {
  withExamples(
    program
      .command('doctor')
      .description('check settings, service, database, indexes, clock, ports and folders, and say what to do')
      .option('--remote', 'the service alone, not this machine; so it is by itself when the service is elsewhere'),
    'doctor',
    'doctor --base-url https://users.example.com --json',
  ).action(withContext<{ readonly remote?: boolean }>(around, doctor))
}

async function doctor(context: Context, { remote = false }: { readonly remote?: boolean }): Promise<void> {
  const { json, terminal, settings } = context
  const findings = await examineService(context)
  if (!remote && isHere(settings.baseUrl)) {
    const answers = findings.some(({ check, ok }) => check === 'service' && ok)
    // It needs the service's libraries, which take as long to load as all the rest: no other command waits for them.
    const { examineMachine } = createRequire(__filename)('./machine') as typeof Machine
    findings.push(...(await examineMachine({ baseUrl: settings.baseUrl, answers })))
  }
  if (json) context.showOne(findings)
  else for (const finding of findings) terminal.write(findingText(finding, terminal))
  const faults = findings.filter(({ ok }) => !ok).length
  if (!json) terminal.write(faults === 0 ? '\nAll is well\n' : `\n${faults} of ${findings.length} checks failed\n`)
  if (faults > 0) throw new SickError()
}

function isHere(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl)
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'))
}

function findingText({ check, ok, detail, advice, skipped }: Finding, terminal: Terminal): string {
  const mark = (skipped ? '-' : ok ? 'ok' : 'FAIL').padEnd(MARK_WIDTH)
  const style = skipped ? 'dim' : ok ? 'green' : 'red'
  const head = painted(terminal, style, mark) + check.padEnd(CHECK_WIDTH)
  const indent = MARK_WIDTH + CHECK_WIDTH
  const lines = [detail, advice ?? ''].flatMap((text) => wrapped(harmless(text), terminal.columns - indent))
  return `${head}${lines.join(`\n${' '.repeat(indent)}`)}\n`
}
