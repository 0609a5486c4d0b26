import { once } from 'node:events'
import { killGroup, type ServiceProcess } from './service-process'

/** Ends a service that a test started, and waits until it has gone. */
export async function endService(service: ServiceProcess): Promise<void> {
  if (service.child.exitCode !== null || service.child.signalCode !== null) return
  const gone = once(service.child, 'close')
  killGroup(service, 'SIGTERM')
  await gone
}
