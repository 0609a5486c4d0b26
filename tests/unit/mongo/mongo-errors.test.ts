import { Error as MongooseError, mongo } from 'mongoose'
import { AppError } from '../../../src/errors'
import { withDeadline } from '../../../src/mongo/deadline'
import { isDuplicateKey, toServiceError } from '../../../src/mongo/mongo-errors'

const unavailable = { code: 'SERVICE_UNAVAILABLE', headers: { 'Retry-After': '1' } }
const serverError = (fields: object) => new mongo.MongoServerError({ message: 'x', ...fields })

describe('isDuplicateKey', () => {
  it.each([
    [serverError({ code: 11_000, keyPattern: { email: 1 } }), true],
    [serverError({ code: 11_000, keyPattern: { _id: 1 } }), false],
    [serverError({ code: 11_000, message: 'E11000 duplicate key error index: email_1 dup key: { email: "a" }' }), true],
    [serverError({ code: 11_000, message: 'E11000 duplicate key error index: _id_ dup key: { _id: 1 }' }), false],
    [serverError({ code: 121, keyPattern: { email: 1 } }), false],
    [new Error('E11000 { email:'), false],
    [undefined, false],
  ])('%p: %p', (error, expected) => {
    expect(isDuplicateKey(error, 'email')).toBe(expected)
  })
})

describe('toServiceError', () => {
  it.each([
    new mongo.MongoNetworkError('gone'),
    new mongo.MongoNetworkTimeoutError('late'),
    new mongo.MongoServerSelectionError('none', {} as never),
    new mongo.MongoTopologyClosedError(),
    new mongo.MongoNotConnectedError('no'),
    serverError({ code: 50 }),
    serverError({ code: 11_600 }),
    new MongooseError('Cannot call `users.findOne()` before initial connection is complete'),
  ])('%p is 503, with its cause for the log', (error) => {
    const translated = toServiceError(error)

    expect(translated).toBeInstanceOf(AppError)
    expect(translated).toMatchObject({ ...unavailable, cause: error })
  })

  it.each([serverError({ code: 2 }), new Error('bug'), new AppError('USER_NOT_FOUND'), undefined])(
    '%p stays what it is',
    (error) => {
      expect(toServiceError(error)).toBe(error)
    },
  )
})

describe('withDeadline', () => {
  it('passes on what comes in time', async () => {
    const error = new Error('bug')

    await expect(withDeadline(Promise.resolve(7), 1_000)).resolves.toBe(7)
    await expect(withDeadline(Promise.reject(error), 1_000)).rejects.toBe(error)
  })

  it('gives up on what does not, whatever it says later', async () => {
    const late = new Promise((_resolve, reject) => setTimeout(() => reject(new Error('late')), 60))

    await expect(withDeadline(late, 20)).rejects.toMatchObject(unavailable)
    await late.catch(() => undefined)
  })
})
