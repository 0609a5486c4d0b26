// jest runs CommonJS; some packages are ES modules alone. esbuild turns these into what jest can load.
const { transformSync } = require('esbuild')

module.exports = {
  process: (source, path) => {
    const { code, map } = transformSync(source, {
      format: 'cjs',
      sourcefile: path,
      sourcemap: 'external',
      target: 'node20',
    })
    return { code, map }
  },
}
