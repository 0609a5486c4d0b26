import { AppError } from '../../src/errors'

/** How the work is refused: its code, and each problem as `field: code`. */
export async function refused(work: Promise<unknown>): Promise<string[]> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AppError)
  const { code, errors } = error as AppError
  return [code, ...errors.map((problem) => `${problem.field}: ${problem.code}`)]
}
