import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const JAVA_SERVER_VERSION = '1.47.0'
const MAVEN_CENTRAL = 'https://repo1.maven.org/maven2'
const DOWNLOAD_MS_MAX = 60_000

const OWN = 'de/bwaldvogel'
const NETTY = 'io/netty'
const NETTY_VERSION = '4.2.2.Final'

/** What the server needs to run: folder, name, version, SHA-256. */
const JARS = [
  [
    OWN,
    'mongo-java-server-core',
    JAVA_SERVER_VERSION,
    '9a34c9ad6ac6261906295481838256033ec1efc8c93a3e3828e5d47a006b0bd4',
  ],
  [
    OWN,
    'mongo-java-server-memory-backend',
    JAVA_SERVER_VERSION,
    '82864f8a2ede1514f64c2cd3a70e8022c259eb3d78975cfa208c1668ac1f12bb',
  ],
  [NETTY, 'netty-buffer', NETTY_VERSION, '4820eeb2d3db269b20b30711e3d7d21979664249aaf10fc67f90dee935810747'],
  [NETTY, 'netty-codec-base', NETTY_VERSION, '76987614ccb2fda7d3292b69ba5b61351f30e91bf5c7d8fa4b51bc32c9f67456'],
  [NETTY, 'netty-common', NETTY_VERSION, '5d022f3acad74cb0f195f60213500a4000d1340e5e941edaf1a0e756686b9bae'],
  [NETTY, 'netty-handler', NETTY_VERSION, 'd4ef582c78125457baa0cfa52992b5fb1bb9172d1a2c03b726e8b26e17d3fe2c'],
  [NETTY, 'netty-resolver', NETTY_VERSION, 'fa7841ffe2e39d52251814fb8560d6936b10ae7c67453ee50426b83fd5170ba0'],
  [NETTY, 'netty-transport', NETTY_VERSION, '116d766a1af4722fe76a4cdaed969644985d44e08ec1337d2dbab697dd109603'],
  [
    NETTY,
    'netty-transport-native-unix-common',
    NETTY_VERSION,
    'aa8821a7ea2ca47f62740bd1f37d67deb97824cc77e76dde6ae2c439a923fc9d',
  ],
  ['org/slf4j', 'slf4j-api', '2.0.17', '7b751d952061954d5abfed7181c1f645d336091b679891591d63329c622eb832'],
  ['org/slf4j', 'slf4j-nop', '2.0.17', '3716f83649ec66161a2edefd4f49df34d1dd1c51cdcf941996c6987260f0a829'],
] as const

/** The server as its manual starts it, at a port of ours. Java runs a single source file as it is. */
const MAIN = `import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;

public class Main {
    public static void main(String[] arguments) {
        new MongoServer(new MemoryBackend()).bind("127.0.0.1", Integer.parseInt(arguments[0]));
    }
}
`

/** Downloads what is not there yet, and returns the arguments of java; the port follows. */
export async function javaServerArguments(folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true })
  for (const [group, name, version, sha256] of JARS) {
    const file = join(folder, `${name}-${version}.jar`)
    if (existsSync(file)) continue
    const bytes = await download(`${MAVEN_CENTRAL}/${group}/${name}/${version}/${name}-${version}.jar`)
    const found = createHash('sha256').update(bytes).digest('hex')
    if (found !== sha256) throw new Error(`${name} ${version} is not what it was: its SHA-256 is ${found}`)
    // Under its name only when it is whole.
    writeFileSync(`${file}.part`, bytes)
    renameSync(`${file}.part`, file)
  }
  const main = join(folder, 'Main.java')
  writeFileSync(main, MAIN)
  return ['-cp', join(folder, '*'), main]
}

async function download(url: string): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_MS_MAX) })
  if (!response.ok) throw new Error(`${url} answers ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}
