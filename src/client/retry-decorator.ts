import { type RetryOptions, retrying } from './retrying'

type AsyncMethod<This, Args extends unknown[], Result> = (this: This, ...args: Args) => Promise<Result>

/**
 * Method decorator (TC39): every call of the method is tried again as `retrying` does.
 * @example
 * class Directory {
 *   \@retry({ retries: 5, backoff: { baseMs: 200 } })
 *   async load(id: string) { … }
 * }
 */
export function retry(options: RetryOptions = {}) {
  return function decorate<This, Args extends unknown[], Result>(
    method: AsyncMethod<This, Args, Result>,
    _context: ClassMethodDecoratorContext<This, AsyncMethod<This, Args, Result>>,
  ): AsyncMethod<This, Args, Result> {
    return function retried(this: This, ...args: Args): Promise<Result> {
      return retrying(() => method.apply(this, args), options)
    }
  }
}
