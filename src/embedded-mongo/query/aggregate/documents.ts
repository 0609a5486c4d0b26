import { isDoc } from '../../bson/doc'
import { invalidNamespace } from '../../bson/errors'
import type { CommandError } from '../../bson/errors'
import { PAUSE } from '../pause'
import { located } from './expression/arguments'
import { compileEvaluation } from './expression/compile'
import type { Flow } from './flow'
import { checkedResult, environmentOf } from './stage'
import type { CompileStage, StageContext } from './stage'
import { notAnObject } from './transforms'

/** $documents: a list of documents instead of a collection. */
export const compileDocuments: CompileStage = (spec, context) => {
  if (Array.isArray(spec)) return () => listed(spec, context)
  const evaluate = compileEvaluation(spec)
  return function* () {
    const list = checkedResult(() => evaluate(environmentOf({}, context)))
    if (!Array.isArray(list)) throw located(5858203, 'an array is expected')
    yield* handedOut(list, context, (element) => element)
  }
}

/** A list is understood and made element by element: it may be longer than what can be done at once. */
function* listed(list: readonly unknown[], context: StageContext): Flow {
  for (const element of list) {
    compileEvaluation(element)
    if (context.isOver()) yield PAUSE
  }
  const environment = environmentOf({}, context)
  yield* handedOut(list, context, (element) => checkedResult(() => compileEvaluation(element)(environment)))
}

/** The list is held until the last of it has been handed out. */
function* handedOut(
  list: readonly unknown[],
  { held, isOver }: StageContext,
  make: (element: unknown) => unknown,
): Flow {
  let bytes = 0
  try {
    for (const element of list) {
      bytes += held.add(element)
      if (isOver()) yield PAUSE
    }
    for (const element of list) {
      const doc = make(element) ?? null
      if (!isDoc(doc)) throw notAnObject("'newRoot'", doc)
      yield doc
    }
  } finally {
    held.give(bytes)
  }
}

/** Does a pipeline, of whatever a client has sent, bring its own documents? */
export function beginsWithDocuments(pipeline: unknown): boolean {
  const first: unknown = Array.isArray(pipeline) ? pipeline[0] : undefined
  return isDoc(first) && Object.hasOwn(first, '$documents')
}

export function documentsOfCollection(): CommandError {
  return invalidNamespace("'$documents' can only be run with {aggregate: 1}")
}
