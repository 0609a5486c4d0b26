import { ensureRoleIndexes, roleModel } from '../../src/roles/role.model'
import { MongooseRoleDao } from '../../src/roles/role.mongoose-dao'
import { DEADLINE_MS, testConnection } from '../support/test-connection'
import { describeRoleDao } from './role-dao.suite'

const connection = testConnection(ensureRoleIndexes)

describeRoleDao('MongoDB', async () => {
  await roleModel(connection()).collection.deleteMany({})
  return { dao: new MongooseRoleDao(connection(), DEADLINE_MS), close: async () => undefined }
})
