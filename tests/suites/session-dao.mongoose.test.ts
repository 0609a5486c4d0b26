import { ensureSessionIndexes, sessionModel } from '../../src/auth/session.model'
import { MongooseSessionDao } from '../../src/auth/session.mongoose-dao'
import { DEADLINE_MS, testConnection } from '../support/test-connection'
import { describeSessionDao } from './session-dao.suite'

const connection = testConnection(ensureSessionIndexes)

describeSessionDao('MongoDB', async () => {
  await sessionModel(connection()).collection.deleteMany({})
  return { dao: new MongooseSessionDao(connection(), DEADLINE_MS), close: async () => undefined }
})
