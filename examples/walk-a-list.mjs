// Goes through a list of any length, one page in memory at a time.
import { RollcallClient } from 'rollcall/client'
import { UserFactory } from 'rollcall/client/testing'

const client = new RollcallClient({ baseUrl: process.env.ROLLCALL_BASE_URL ?? 'http://127.0.0.1:8000' })
const factory = new UserFactory()
await Promise.all(factory.createMany(7).map((user) => client.users.create(user)))

let count = 0
for await (const user of client.users.each({ q: factory.runId, sort: 'name', page_size: 3 })) {
  count += 1
  await client.users.delete(user.id)
}
process.stdout.write(`Went through ${count} users\n`)
await client.close()
