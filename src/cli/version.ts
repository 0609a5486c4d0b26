import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The version in package.json, which lies above the sources' folder and the compiled files' folder alike. */
export function packageVersion(): string {
  const text = readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
