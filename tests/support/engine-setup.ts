import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from 'jest'
import { PROJECT } from './child-process'
import { bundleEngine } from './engine-bundle'

/** Below node_modules, where the bundle finds its packages. */
const PARENT = join(PROJECT, 'node_modules/.cache')

/** Makes the engine once for all test files that start it. */
export default async function engineSetup({ collectCoverage = false }: Config): Promise<void> {
  mkdirSync(PARENT, { recursive: true })
  const folder = mkdtempSync(join(PARENT, 'engine-under-test-'))
  process.env['ENGINE_TEST_FOLDER'] = folder
  process.env['ENGINE_UNDER_TEST'] = await bundleEngine(folder, collectCoverage)
  if (collectCoverage) process.env['CHILD_COVERAGE_DIR'] = folder
}
