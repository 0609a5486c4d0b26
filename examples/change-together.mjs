// Many change one user at the same time, and no change is lost.
import { RollcallClient } from 'rollcall/client'

const client = new RollcallClient({ baseUrl: process.env.ROLLCALL_BASE_URL ?? 'http://127.0.0.1:8000' })
const { id } = await client.users.create({ name: 'Counter', email: `counter.${Date.now()}@users.example` })

const visit = () => client.users.update(id, ({ metadata }) => ({ metadata: { visits: (metadata.visits ?? 0) + 1 } }))
await Promise.all([visit(), visit(), visit(), visit()])

const { metadata } = await client.users.get(id)
process.stdout.write(`Visits: ${metadata.visits}\n`)
await client.users.delete(id)
await client.close()
