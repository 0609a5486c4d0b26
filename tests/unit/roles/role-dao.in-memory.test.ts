import { describeRoleDao } from '../../suites/role-dao.suite'
import { InMemoryRoleDao } from '../../support/in-memory-role-dao'

describeRoleDao('memory', async () => ({ dao: new InMemoryRoleDao(), close: async () => undefined }))
