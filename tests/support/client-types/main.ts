import { inspect } from 'node:util'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PROJECT } from '../child-process'
import { freePort } from '../free-port'
import { endService } from '../end-service'
import { startService } from '../service-process'
import { clientTypes, type OpenApiDocument } from './generate'

/** `npm run client:types`: asks the service, run from its sources, for its OpenAPI document, and writes the types from it. */
async function main(): Promise<void> {
  const service = await startService({ script: 'dev', port: await freePort(), args: ['--in-memory'] })
  try {
    const response = await fetch(`${service.url}/openapi.json`)
    const document = (await response.json()) as OpenApiDocument
    await writeFile(join(PROJECT, 'src/client/types.gen.ts'), clientTypes(document))
  } finally {
    await endService(service)
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${inspect(error)}\n`)
  process.exitCode = 1
})
