import { withDatabase } from '../../support/mongo'

describe('withDatabase', () => {
  it.each([
    ['mongodb://127.0.0.1:1', 'mongodb://127.0.0.1:1/d'],
    ['mongodb://127.0.0.1:1/', 'mongodb://127.0.0.1:1/d'],
    ['mongodb://127.0.0.1:1/?directConnection=true', 'mongodb://127.0.0.1:1/d?directConnection=true'],
    ['mongodb://a:1,b:2/old?replicaSet=r', 'mongodb://a:1,b:2/d?replicaSet=r'],
    ['mongodb+srv://u:p@host/old', 'mongodb+srv://u:p@host/d?authSource=old'],
    ['mongodb://u:p@host', 'mongodb://u:p@host/d?authSource=admin'],
    ['mongodb://u:p@host/old?authSource=x', 'mongodb://u:p@host/d?authSource=x'],
  ])('%s', (uri, expected) => {
    expect(withDatabase(uri, 'd')).toBe(expected)
  })

  it('refuses what is no connection string', () => {
    expect(() => withDatabase('http://127.0.0.1', 'd')).toThrow('Not a MongoDB connection string')
  })
})
