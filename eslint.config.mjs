import js from '@eslint/js'
import prettier from 'eslint-config-prettier'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

// The fixture breaks the rules on purpose: tests/lint holds the linter to reporting exactly that.
const FIXTURE = 'tests/lint/fixture'
const inSource = (...patterns) => patterns.flatMap((pattern) => [`src/${pattern}`, `${FIXTURE}/src/${pattern}`])

const FILE_LINES_MAX = 300
const FUNCTION_LINES_MAX = 60

const noDefaultExport = { selector: 'ExportDefaultDeclaration', message: 'No default exports: one name everywhere.' }
const noEnum = { selector: 'TSEnumDeclaration', message: 'No enums: a union of literals, or a const object.' }
const noBarrel = { selector: 'ExportAllDeclaration', message: 'No barrels: import from the file that defines it.' }
const noEnvironment = {
  selector: 'MemberExpression[object.name="process"][property.name="env"]',
  message: 'config.ts alone reads the environment.',
}

export default defineConfig(
  { ignores: ['dist/', 'coverage/', 'data/', '.cache/', '.venv/', 'node_modules/', FIXTURE, 'src/console/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // It asks for `!`, which the next rule of the set forbids.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // Structural types are meant: plain objects stand in for instances in the drivers' own interfaces.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowRegExp: true }],
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true, allowRethrowing: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Unpromoted documents and parsed JSON are index signatures: `doc['key']` says so, and tsconfig may ask for it.
      '@typescript-eslint/dot-notation': 'off',
      // An interface of async methods is also met by code that has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      eqeqeq: ['error', 'always'],
      'no-restricted-syntax': ['error', noEnum],
      'object-shorthand': 'error',
    },
  },
  {
    files: inSource('**/*.ts'),
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', noDefaultExport, noEnum, noBarrel, noEnvironment],
      'no-restricted-imports': ['error', { paths: [{ name: 'node:process', importNames: ['env'] }] }],
      'max-lines': ['error', { max: FILE_LINES_MAX, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: FUNCTION_LINES_MAX, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // A table is as long as its rows.
    files: inSource('**/*.routes.ts'),
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: inSource('config.ts', 'client/settings.ts'),
    // The settings are a table, too.
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, noEnum, noBarrel], 'max-lines': 'off' },
  },
  {
    // TERM is the terminal's, and no setting.
    files: inSource('cli/terminal.ts'),
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, noEnum, noBarrel] },
  },
  {
    files: ['tests/**/*.ts', 'benchmarks/**/*.ts'],
    ignores: [`${FIXTURE}/**`],
    rules: {
      // Bodies of answers are `any` in supertest's types; the assertions check them.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/use-unknown-in-catch-callback-variable': 'off',
      // The driver's shorter overloads are what its users call.
      '@typescript-eslint/no-deprecated': 'off',
      // A flag that another callback sets looks constant to it.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // Output goes where it is meant to go: results to standard output, all else to standard error or a logger.
    files: ['examples/**', 'scripts/**', 'tests/**', 'benchmarks/**'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'console',
          'process',
          'URL',
          'fetch',
          'AbortSignal',
          'performance',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'Buffer',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { module: 'writable', require: 'readonly', __dirname: 'readonly' },
    },
  },
  {
    // They run in mongosh, which is a world of its own.
    files: ['deploy/compose/*.js'],
    languageOptions: { globals: { require: 'readonly', db: 'readonly', rs: 'readonly', quit: 'readonly' } },
  },
  prettier,
)
