import type { Query } from './query'
import { Scan } from './scan'
import type { DocumentScan, ScanOptions } from './scan'
import { UnionScan } from './union-scan'

/** The scan that a query's plan asks for. */
export function openScan(
  { collection, plan, filter }: Query,
  { once, keysOnly }: Omit<ScanOptions, 'longSteps'> = {},
): DocumentScan {
  const all: ScanOptions = { longSteps: filter.isCostly, once, keysOnly }
  return plan.kind === 'OR' ? new UnionScan(collection, plan, all) : new Scan(collection, plan, all)
}
