import { describeSigningKeyDao } from '../../suites/signing-key-dao.suite'
import { InMemorySigningKeyDao } from '../../support/in-memory-signing-key-dao'

describeSigningKeyDao('memory', async () => ({ dao: new InMemorySigningKeyDao(), close: async () => undefined }))
