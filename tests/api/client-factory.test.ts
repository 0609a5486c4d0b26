import { INVALID_NAMES } from '../../src/client/invalid-users'
import { UserFactory } from '../../src/client/user-factory'
import { startApi, type TestApi, VALIDATION_STATUS } from '../support/api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

it('makes users that the service takes as they are, with every field', async () => {
  for (const user of new UserFactory({ seed: 11 }).createMany(20)) {
    const { password, ...shown } = user
    const { body } = await api.request.post('/api/v1/users').send(user).expect(201)

    expect(body.data).toMatchObject({ ...shown, has_password: true })
  }
})

it.each(INVALID_NAMES)('makes an invalid user that the service refuses for this alone: %s', async (name) => {
  const { user, field, code } = new UserFactory().invalid(name)
  const { body } = await api.request.post('/api/v1/users').send(user).expect(VALIDATION_STATUS)

  expect(body.data.errors.map((error: { field: string; code: string }) => [error.field, error.code])).toEqual([
    [field, code],
  ])
})
