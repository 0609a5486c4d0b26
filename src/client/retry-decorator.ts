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
    { kind, name }: ClassMethodDecoratorContext<This, AsyncMethod<This, Args, Result>>,
  ): AsyncMethod<This, Args, Result> {
    // Without types, or by the decorators of old, it can stand anywhere.
    if ((kind as unknown) !== 'method') throw new TypeError('@retry() is for methods, as a TC39 decorator')
    const retried = function (this: This, ...args: Args): Promise<Result> {
      return retrying(() => method.apply(this, args), options)
    }
    return Object.defineProperty(retried, 'name', { value: String(name), configurable: true })
  }
}
