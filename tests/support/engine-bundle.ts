import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformAsync } from '@babel/core'
import { type Plugin, build } from 'esbuild'
import ts from 'typescript'
import { PROJECT } from './child-process'

/** The unit tests load these themselves; counted twice, by two compilers, a file would have two sets of statements. */
const COUNTED_IN_PROCESS = /src\/embedded-mongo\/(query|bson)\//

/** Leaves what was counted in a file named after the process; see child-coverage.ts. */
const DUMP = `process.on('exit', () => {
  if (globalThis.__coverage__ && process.env.CHILD_COVERAGE_DIR)
    require('node:fs').writeFileSync(process.env.CHILD_COVERAGE_DIR + '/' + process.pid + '.json', JSON.stringify(__coverage__))
})`

/** The embedded engine in one file, made from its source: it starts in a third of the time that the source takes. */
export async function bundleEngine(folder: string, withCoverage: boolean): Promise<string> {
  const outfile = join(folder, 'embedded-mongo.cjs')
  await build({
    entryPoints: [join(PROJECT, 'src/embedded-mongo/main.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    ...(withCoverage && { plugins: [coverage], banner: { js: DUMP } }),
  })
  return outfile
}

/** Counts statements as jest does, with istanbul, after TypeScript. */
const coverage: Plugin = {
  name: 'coverage',
  setup({ onLoad }) {
    onLoad({ filter: /src\/embedded-mongo\/.*\.ts$/ }, async ({ path }) => {
      if (COUNTED_IN_PROCESS.test(path.replaceAll('\\', '/'))) return undefined
      const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, inlineSourceMap: true }
      const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions, fileName: path })
      const result = await transformAsync(outputText, {
        filename: path,
        babelrc: false,
        configFile: false,
        sourceMaps: 'inline',
        plugins: [['istanbul', { cwd: PROJECT, exclude: [], extension: false }]],
      })
      return { contents: result?.code ?? '', loader: 'js' }
    })
  },
}
