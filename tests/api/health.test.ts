import { startApi, type TestApi } from '../support/api'
import { serviceVersion } from '../../src/service'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

it('GET /ping says pong', async () => {
  const { text } = await api.request.get('/ping').expect(200)

  expect(text).toBe('{"data":"pong","message":"pong","status_code":200}')
})

it('GET /health reports version, uptime and the round trip to MongoDB', async () => {
  const { body } = await api.request.get('/health').expect(200)

  expect(body).toEqual({
    data: {
      status: 'ok',
      version: serviceVersion(),
      uptime_s: expect.any(Number),
      mongo: { status: 'up', round_trip_ms: expect.any(Number) },
    },
    message: 'Health report',
    status_code: 200,
  })
})

it.each([
  ['/health/live', 'live', 'Live'],
  ['/health/ready', 'ready', 'Ready'],
])('GET %s', async (path, status, message) => {
  const { body } = await api.request.get(path).expect(200)

  expect(body).toEqual({ data: { status }, message, status_code: 200 })
})
