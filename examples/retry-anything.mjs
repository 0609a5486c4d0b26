// The retries of the client, for work of your own. (In TypeScript there is also the decorator: @retry({ retries: 3 }).)
import { retrying } from 'rollcall/client'

let calls = 0
async function fetchReport() {
  calls += 1
  if (calls < 3) throw Object.assign(new Error('Service unavailable'), { status: 503 })
  return 'the report'
}

const report = await retrying(fetchReport, {
  retries: 5,
  backoff: { baseMs: 10 },
  onRetry: ({ attempt }) => process.stdout.write(`Attempt ${attempt} failed\n`),
})
process.stdout.write(`Got ${report} at attempt ${calls}\n`)
