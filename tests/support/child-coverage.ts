import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type FileCoverageData, createFileCoverage } from 'istanbul-lib-coverage'

declare global {
  // What jest counts in this test file: it takes the object along when the file is done.
  var __coverage__: Record<string, FileCoverageData> | undefined
}

/** Adds what an engine that has ended has run to what this test file has run. Only with `--coverage`. */
export function addChildCoverage({ pid }: ChildProcess): void {
  const folder = process.env['CHILD_COVERAGE_DIR']
  if (!folder || pid === undefined) return
  const file = join(folder, `${pid}.json`)
  if (!existsSync(file)) return // it was killed
  const all = (globalThis.__coverage__ ??= {})
  const added = JSON.parse(readFileSync(file, 'utf8')) as Record<string, FileCoverageData>
  for (const [path, data] of Object.entries(added)) {
    const counted = createFileCoverage(data)
    if (all[path]) counted.merge(all[path])
    all[path] = counted.data
  }
  rmSync(file)
}
