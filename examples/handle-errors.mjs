// Tells errors apart: by their code, never by their text.
import { isApiError, NetworkError, RollcallClient } from 'rollcall/client'

const baseUrl = process.env.ROLLCALL_BASE_URL ?? 'http://127.0.0.1:8000'
const client = new RollcallClient({ baseUrl })

try {
  await client.users.create({ name: '', email: 'not an address' })
} catch (error) {
  if (!isApiError(error, 'VALIDATION_FAILED')) throw error
  for (const { field, code } of error.errors) process.stdout.write(`${field}: ${code}\n`)
}

const nobody = new RollcallClient({ baseUrl: 'http://127.0.0.1:9', retries: 1 })
try {
  await nobody.users.list()
} catch (error) {
  if (!(error instanceof NetworkError)) throw error
  process.stdout.write(`Nobody listens, after ${error.attempts} attempts\n`)
}
await Promise.all([client.close(), nobody.close()])
