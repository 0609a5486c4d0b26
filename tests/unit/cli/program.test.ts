import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { completedCommands } from '../../../src/cli/completion/tree'
import { createProgram } from '../../../src/cli/program'

const printed: string[] = []
const terminal = {
  write: (text: string) => void printed.push(text),
  note: () => undefined,
  columns: 80,
  colours: false,
  noteColumns: undefined,
}
const program = createProgram({ terminal, signal: new AbortController().signal }, () => undefined)

function everyCommand(command: Command, path: readonly string[] = []): readonly (readonly [string, Command])[] {
  return command.commands.flatMap((inner) => {
    const words = [...path, inner.name()]
    return [[words.join(' '), inner] as const, ...everyCommand(inner, words)]
  })
}
const commands = everyCommand(program)

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part) })
  command.outputHelp()
  return text
}

describe('help', () => {
  it.each(commands)('%s says what it does, and how it is called', (path, command) => {
    const help = helpOf(command)

    expect(command.description()).not.toBe('')
    for (const option of command.options) expect(option.description).not.toBe('')
    expect(help).toMatch(/\nExamples?:\n {2}\$ rollcall /)
    // The examples are of this command, and of options that it has.
    const [, examples = ''] = help.split(/\nExamples?:\n/)
    for (const line of examples.trimEnd().split('\n')) {
      expect(line.length).toBeLessThanOrEqual(80)
      expect(line.trim()).toMatch(new RegExp(`^\\$ (.*\\| )?rollcall ${path}\\b`))
      const known = [...command.options, ...program.options, ...command.commands.flatMap(({ options }) => options)]
      const used =
        line
          .split(/[|>]/)
          .find((part) => part.includes('rollcall'))
          ?.match(/(?<= )--[a-z-]+/g) ?? []
      expect(known.map(({ long }) => long)).toEqual(expect.arrayContaining(used))
    }
  })

  it('of the program names every command and every exit code', () => {
    const help = helpOf(program)

    for (const { name } of program.commands.map((command) => ({ name: command.name() }))) {
      expect(help).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'))
    }
    expect(help.match(/\b(0 done|[1-7] [a-z]|130 interrupted)/g)).toHaveLength(9)
  })
})

describe('completion', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-completion-'))
    writeFileSync(join(folder, 'people.ndjson'), '')
    for (const shell of ['bash', 'zsh', 'fish']) writeFileSync(join(folder, shell), scriptOf(shell))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function scriptOf(shell: string): string {
    printed.length = 0
    // The action is synchronous.
    program.parse(['completion', shell], { from: 'user' })
    return printed.join('')
  }

  /** The words that each shell offers at the end of a line. */
  const OFFERED: Readonly<Record<string, (line: string) => readonly string[]>> = {
    bash: (line) =>
      lines('bash', [
        '--norc',
        '-c',
        `. ./bash; COMP_LINE=$1; COMP_POINT=\${#1}; _rollcall; printf '%s\\n' "\${COMPREPLY[@]}"`,
        '-',
        line,
      ]),
    // What `_describe` and `_files` show, in their own words: there is no terminal for zle here.
    zsh: (line) =>
      lines('zsh', [
        '-f',
        '-c',
        `compdef() { :; }; _describe() { print -rl -- "\${(@P)4}"; }; _files() { print -rl -- *; }; . ./zsh
         words=("\${(@s: :)1}"); CURRENT=\${#words}; _rollcall; true`,
        '-',
        line,
      ])
        .map((text) => text.replace(/(?<!\\):.*/, '').replaceAll('\\:', ':'))
        .filter((word) => word.startsWith(line.split(' ').at(-1) ?? '')),
    fish: (line) =>
      lines('fish', ['--no-config', '-c', 'source ./fish; complete -C $argv[1]', line]).map(
        (text) => text.split('\t')[0] ?? '',
      ),
  }

  function lines(shell: string, args: readonly string[]): readonly string[] {
    const text = execFileSync(shell, args, { cwd: folder, env: { ...process.env, HOME: folder }, encoding: 'utf8' })
    return text.split('\n').filter((one) => one !== '')
  }

  const isHere = (shell: string) => spawnSync(shell, ['--version']).status === 0

  describe.each(Object.keys(OFFERED))('in %s', (shell) => {
    // bash is everywhere; .ci/run brings the others.
    const test = isHere(shell) ? it : it.skip

    test.each<[string, readonly string[]]>([
      ['rollcall us', ['users']],
      ['rollcall users l', ['list']],
      ['rollcall --base-url users roles g', ['get', 'grant']],
      ['rollcall users list --so', ['--sort']],
      ['rollcall users list --sort -cre', shell === 'fish' ? [] : ['-created_at']],
      ['rollcall roles create A --permission users:read aud', ['audit:read']],
      ['rollcall users import --on-conflict s', ['skip']],
      ['rollcall users import peop', ['people.ndjson']],
      ['rollcall completion z', ['zsh']],
      ['rollcall users list --filter us', []],
    ])('%s', (line, words) => {
      // fish offers the values of an option that may be given several times for the first one alone.
      if (shell === 'fish' && line.includes('--permission users:read ')) return

      expect([...OFFERED[shell]!(line)].sort()).toEqual([...words].sort())
    })
  })

  it('bash is offered what follows a colon, which readline takes for a word of its own', () => {
    const script = `. ./bash; COMP_WORDBREAKS=' :'; COMP_LINE=$1; COMP_POINT=\${#1}; _rollcall; echo "\${COMPREPLY[@]}"`

    expect(lines('bash', ['--norc', '-c', script, '-', 'rollcall keys create A --permission roles:'])).toEqual([
      'read write',
    ])
  })

  it('knows every command and option', () => {
    const completed = new Map(completedCommands(program).map((command) => [command.path, command]))
    for (const [path, command] of commands) {
      const flags = completed.get(`/${path.replaceAll(' ', '/')}`)?.options.flatMap(({ flags }) => flags)
      expect(flags).toEqual(expect.arrayContaining(command.options.map(({ long }) => long)))
    }
  })
})
