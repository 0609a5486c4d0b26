// Prints what failed according to a report that jest wrote with --json: each test with the beginning of its message.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const MESSAGE_LINES = 12

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'))

/** The first lines, indented. */
function beginning(text) {
  const lines = stripVTControlCharacters(text).split('\n').slice(0, MESSAGE_LINES)
  return lines.map((line) => `        ${line}`).join('\n')
}

for (const { name, status, message, assertionResults } of testResults) {
  if (status === 'passed') continue
  const file = relative(process.cwd(), name)
  const failed = assertionResults.filter((test) => test.status === 'failed')
  if (failed.length === 0) process.stdout.write(`    ${file}\n${beginning(message)}\n`)
  for (const { fullName, failureMessages } of failed) {
    process.stdout.write(`    ${file}: ${fullName}\n${beginning(failureMessages.join('\n'))}\n`)
  }
}
