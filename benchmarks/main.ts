import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { measureEngine } from './engine'
import { measureLists } from './growth'
import { HELP, readOptions, type Options } from './options'
import { startEngine, startService, type Running } from './processes'
import { figureTable, growthTable } from './report'
import { seedUsers } from './seed'
import { measureService } from './service'
import type { Figure } from './window'
import { print, runProgram } from './program'

type Report = Record<string, unknown>

async function servicePart(options: Options): Promise<Figure[]> {
  if (options.url) return measureService({ url: options.url, pids: {} }, options)
  return withEngine(async (engine) => {
    const uri = `${engine.address}/bench`
    await seedUsers(uri, options.users)
    return withService(uri, (service) =>
      measureService({ url: service.address, pids: { service: service.pid, engine: engine.pid } }, options),
    )
  })
}

async function growthPart({ sizes, requests }: Options): Promise<Map<number, Record<string, number>>> {
  const bySize = new Map<number, Record<string, number>>()
  await withEngine(async (engine) => {
    for (const size of sizes) {
      const uri = `${engine.address}/growth_${size}`
      await seedUsers(uri, size)
      bySize.set(size, await withService(uri, (service) => measureLists(service.address, requests)))
    }
  })
  return bySize
}

function enginePart(options: Options): Promise<Figure[]> {
  return withEngine(async (engine) => {
    const uri = `${engine.address}/bench`
    await seedUsers(uri, options.users)
    return measureEngine(uri, engine.pid, options)
  })
}

async function withEngine<T>(use: (engine: Running) => Promise<T>): Promise<T> {
  const engine = await startEngine()
  return use(engine).finally(engine.stop)
}

async function withService<T>(uri: string, use: (service: Running) => Promise<T>): Promise<T> {
  const service = await startService(uri)
  return use(service).finally(service.stop)
}

async function run(options: Options): Promise<Report> {
  const report: Report = {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    node: process.version,
    options,
  }
  for (const part of options.parts) {
    if (part === 'growth') {
      const bySize = await growthPart(options)
      report['growth'] = Object.fromEntries(bySize)
      print(`\nTime of a list\n\n${growthTable(bySize)}`)
      continue
    }
    const figures = part === 'service' ? await servicePart(options) : await enginePart(options)
    report[part] = figures
    const title = part === 'service' ? 'The service, one worker' : 'The engine alone, through the driver'
    print(`\n${title}, ${options.users} users, ${options.connections} at a time\n\n${figureTable(figures)}`)
    if (figures.some(({ errors, per_second }) => errors > 0 || per_second === 0)) process.exitCode = 1
  }
  return report
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') {
    print(HELP)
    return
  }
  const report = await run(options)
  if (options.out) await writeFile(options.out, `${JSON.stringify(report, null, 1)}\n`)
}

runProgram(main)
