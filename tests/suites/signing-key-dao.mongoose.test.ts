import { ensureSigningKeyIndexes, signingKeyModel } from '../../src/auth/signing-key.model'
import { MongooseSigningKeyDao } from '../../src/auth/signing-key.mongoose-dao'
import { DEADLINE_MS, testConnection } from '../support/test-connection'
import { describeSigningKeyDao } from './signing-key-dao.suite'

const connection = testConnection(ensureSigningKeyIndexes)

describeSigningKeyDao('MongoDB', async () => {
  await signingKeyModel(connection()).collection.deleteMany({})
  return { dao: new MongooseSigningKeyDao(connection(), DEADLINE_MS), close: async () => undefined }
})
