import type { Doc } from '../../bson/doc'
import { type CommandError, invalidOptions } from '../../bson/errors'
import { stageName } from '../aggregate/stage'
import { compileTransform, isTransform } from '../aggregate/transforms'

/** Throws 40324 for an unknown stage, InvalidOptions for one that no update may have, and what the stages throw. */
export function compileUpdatePipeline(
  pipeline: readonly Doc[],
  variables: Doc | undefined,
): (doc: Doc, now: Date) => Doc {
  const stages = pipeline.map((stage) => {
    const name = stageName(stage)
    if (!isTransform(name)) throw refused(name)
    return compileTransform(name, stage[name])
  })
  return (doc, now) => stages.reduce((next, stage) => stage(next, { variables: variables ?? {}, now }), doc)
}

function refused(name: string): CommandError {
  return invalidOptions(`${name} is not allowed to be used within an update`)
}
