import { readdir, readFile, readlink } from 'node:fs/promises'
import { createServer } from 'node:net'

export interface PortOwner {
  readonly pid: number
  readonly name: string
}

const LISTENING = '0A'

/** Whether the service could listen there. */
export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** Who listens on a port of this machine, where the system tells it (Linux), and tells it to us. */
export async function ownerOf(port: number): Promise<PortOwner | undefined> {
  try {
    const tables = await Promise.all(
      ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')),
    )
    const inodes = new Set(tables.flatMap((table) => inodesOf(table, port)))
    if (inodes.size === 0) return undefined
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      if (await holds(pid, inodes)) return { pid: Number(pid), name: await nameOf(pid) }
    }
  } catch {
    // Not Linux: nobody tells.
  }
  return undefined
}

/** The sockets that listen on the port, from a table of the kernel (proc(5)). */
export function inodesOf(table: string, port: number): readonly string[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTENING && parseInt(local?.split(':').at(-1) ?? '', 16) === port)
    .flatMap(([, , , , , , , , , inode]) => (inode === undefined ? [] : [inode]))
}

async function holds(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const names = await readdir(folder).catch(() => [])
  const links = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')))
  return links.some((link) => inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? ''))
}

async function nameOf(pid: string): Promise<string> {
  return (await readFile(`/proc/${pid}/comm`, 'utf8')).trim()
}
