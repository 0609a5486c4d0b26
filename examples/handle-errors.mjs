// Tells errors apart: by their code, never by their text.
import { isApiError, NetworkError, RollcallClient } from 'rollcall/client'

const baseUrl = process.env.ROLLCALL_BASE_URL ?? 'http://127.0.0.1:8000'
const client = new RollcallClient({ baseUrl })

try {
  await client.users.create({ name: '', email: 'not an address' })
} catch (error) {
  if (!isApiError(error, 'VALIDATION_FAILED')) throw error
  for (const { field, code } of error.errors) console.log(`${field}: ${code}`)
}

const nobody = new RollcallClient({ baseUrl: 'http://127.0.0.1:9', retries: 1 })
try {
  await nobody.users.list()
} catch (error) {
  if (!(error instanceof NetworkError)) throw error
  console.log(`Nobody listens, after ${error.attempts} attempts`)
}
await Promise.all([client.close(), nobody.close()])
