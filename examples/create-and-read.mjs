// Creates a user, reads it back, and deletes it.
import { RollcallClient } from 'rollcall/client'

const client = new RollcallClient({ baseUrl: process.env.ROLLCALL_BASE_URL ?? 'http://127.0.0.1:8000' })

const user = await client.users.create({ name: 'Ada Lovelace', email: `ada.${Date.now()}@users.example`, age: 36 })
process.stdout.write(`Created ${user.name} with id ${user.id}\n`)

const { email } = await client.users.get(user.id)
process.stdout.write(`Read ${email.startsWith('ada.') ? 'her' : 'another'} e-mail\n`)

await client.users.deleteAndConfirm(user.id)
process.stdout.write('Deleted her\n')
await client.close()
