import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT } from '../support/child-process'
import { startApi, type TestApi } from '../support/api'
import { clientTypes } from '../support/client-types/generate'

let api: TestApi
beforeAll(async () => {
  api = await startApi({ VALIDATION_STATUS: '400' })
})
afterAll(() => api.stop())

it('the types of the client are those of the OpenAPI document; `npm run client:types` writes them anew', async () => {
  const { body } = await api.request.get('/openapi.json').expect(200)

  expect(readFileSync(join(PROJECT, 'src/client/types.gen.ts'), 'utf8')).toBe(clientTypes(body))
})
