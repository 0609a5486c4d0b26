import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { COMMANDS } from '../../src/embedded-mongo/commands/table'

it('the README lists every command as the code does, and no other', async () => {
  const readme = await readFile(join(__dirname, '../../src/embedded-mongo/README.md'), 'utf8')
  const section = /## What it answers\n(.*?)\n## /s.exec(readme)?.[1] ?? ''
  const rows = [...section.matchAll(/^\| `(\w+)` +\| (.*?) +\|$/gm)].map(([, name, summary]) => [name, summary])
  expect(rows).toEqual(COMMANDS.map(({ name, summary }) => [name, summary]))
})
