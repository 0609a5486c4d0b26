// Every optional build that a locked package names must be in the lock itself: otherwise `npm ci`
// refuses the lock, or installs nothing native, on the platforms that the author did not have.
import { readFileSync } from 'node:fs'

const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'))

/** Node's lookup: the folder's own node_modules, then each parent's. */
function isLocked(from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (packages[at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`]) return true
    if (at === '') return false
    if (!at.includes('/node_modules/')) {
      if (packages[`node_modules/${name}`]) return true
      return false
    }
  }
}

const missing = []
for (const [path, { optionalDependencies = {} }] of Object.entries(packages))
  for (const name of Object.keys(optionalDependencies)) if (!isLocked(path, name)) missing.push(`${path}: ${name}`)

if (missing.length > 0) {
  process.stderr.write(`package-lock.json lacks optional builds:\n  ${missing.join('\n  ')}\n`)
  process.exit(1)
}
process.stdout.write('package-lock.json is complete for every platform\n')
