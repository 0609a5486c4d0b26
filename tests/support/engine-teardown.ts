import { rmSync } from 'node:fs'

export default function engineTeardown(): void {
  const folder = process.env['ENGINE_TEST_FOLDER']
  if (folder) rmSync(folder, { recursive: true, force: true })
}
