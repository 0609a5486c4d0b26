import { hash } from 'bcrypt'
import { MongoClient } from 'mongodb'
import { seedUsers } from '../seed'

export const PASSWORD = 'Password@123'
export const KEY = 'benchmark'.repeat(5)

/** Users that can log in, at this cost, and the ids of all. */
export async function seedAccounts(uri: string, count: number, cost: number): Promise<readonly string[]> {
  await seedUsers(uri, count)
  const client = await MongoClient.connect(uri)
  try {
    const users = client.db().collection('users')
    await users.updateMany({}, { $set: { password_hash: await hash(PASSWORD, cost) } })
    return (await users.find({}, { projection: { _id: 1 } }).toArray()).map(({ _id }) => _id.toHexString())
  } finally {
    await client.close()
  }
}

export const emailOf = (n: number) => `user${n}@example.com`

/** An administrator's access token. */
export async function administratorToken(url: string, id: string, email: string): Promise<string> {
  const json = { 'content-type': 'application/json' }
  const granted = await fetch(`${url}/users/${id}/roles`, {
    method: 'POST',
    headers: { ...json, authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ roles: ['ADMIN'] }),
  })
  if (granted.status !== 200) throw new Error(`No grant: ${granted.status} ${await granted.text()}`)
  const body = JSON.stringify({ email, password: PASSWORD })
  const login = await fetch(`${url}/auth/login`, { method: 'POST', headers: json, body })
  const { data } = (await login.json()) as { data: { access_token: string } }
  return data.access_token
}
