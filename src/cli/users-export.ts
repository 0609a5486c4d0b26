import { rm, rename, writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { type Context, type Surroundings, withContext } from './context'
import { withExamples } from './help'
import { jsonText } from './text'

const OWNER_ONLY = 0o600

/** `rollcall users export` */
export function addUsersExport(users: Command, around: Surroundings): void {
  withExamples(
    users
      .command('export <id>')
      .description('all that is held on a person, as JSON')
      .option('--output <file>', 'into a file that only you can read'),
    'users export 66f0c1a2b3c4d5e6f7a8b9c0 --output john.json',
  ).action(
    withContext<{ readonly output?: string }>(around, async (context, { output }, id) => {
      const text = `${jsonText(await context.client.users.export(id, { signal: context.signal }))}\n`
      if (output === undefined) context.terminal.write(text)
      else await keep(context, output, text)
    }),
  )
}

/** Whole or not at all. */
async function keep({ tell }: Context, path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.part`
  try {
    await writeFile(draft, text, { mode: OWNER_ONLY, flag: 'wx' })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  tell(`Wrote ${path}`, { path })
}
