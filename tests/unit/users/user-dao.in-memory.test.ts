import { describeUserDao } from '../../suites/user-dao.suite'
import { InMemoryUserDao } from '../../support/in-memory-user-dao'

describeUserDao('memory', async () => ({ dao: new InMemoryUserDao(), close: async () => undefined }))
