import { describeSessionDao } from '../../suites/session-dao.suite'
import { InMemorySessionDao } from '../../support/in-memory-session-dao'

describeSessionDao('memory', async () => ({ dao: new InMemorySessionDao(), close: async () => undefined }))
