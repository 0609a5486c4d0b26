import { ensureUserIndexes, userModels } from '../../src/users/user.model'
import { MongooseUserDao } from '../../src/users/user.mongoose-dao'
import { DEADLINE_MS, testConnection } from '../support/test-connection'
import { describeUserDao } from './user-dao.suite'

const connection = testConnection(ensureUserIndexes)

describeUserDao('MongoDB', async () => {
  const { users, deleted } = userModels(connection())
  await users.collection.deleteMany({})
  await deleted.collection.deleteMany({})
  return { dao: new MongooseUserDao(connection(), DEADLINE_MS), close: async () => undefined }
})
