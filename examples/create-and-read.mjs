// Creates a user, reads it back, and deletes it.
import { RollcallClient } from 'rollcall/client'

const client = new RollcallClient({ baseUrl: process.env.ROLLCALL_BASE_URL ?? 'http://127.0.0.1:8000' })

const user = await client.users.create({ name: 'Ada Lovelace', email: `ada.${Date.now()}@users.example`, age: 36 })
console.log(`Created ${user.name} with id ${user.id}`)

const { email } = await client.users.get(user.id)
console.log(`Read ${email.startsWith('ada.') ? 'her' : 'another'} e-mail`)

await client.users.deleteAndConfirm(user.id)
console.log('Deleted her')
await client.close()
