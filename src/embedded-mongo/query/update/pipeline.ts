import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { type CommandError, invalidOptions } from '../../bson/errors'
import { addFieldsNamed } from '../aggregate/fields-named'
import { stageName } from '../aggregate/stage'
import { compileTransform, isTransform } from '../aggregate/transforms'
import { topLevel } from '../path'

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

/** The top-level fields that a pipeline looks at and changes; undefined where it may be any, or drops what it does not name. */
export function fieldsOfPipeline(pipeline: readonly Doc[]): ReadonlySet<string> | undefined {
  const written = new Set<string>()
  const fields = new Set<string>()
  for (const stage of pipeline) {
    const names = fieldsWritten(stage)
    if (names === undefined || !addFieldsNamed(stage, fields)) return undefined
    for (const name of names) {
      // What one stage takes away and another brings back has another place.
      if (written.has(name)) return undefined
      written.add(name)
      fields.add(name)
    }
  }
  return fields
}

/** The top-level fields that a stage changes; undefined where others may be gone behind it. */
function fieldsWritten(stage: Doc): ReadonlySet<string> | undefined {
  const { $set, $addFields = $set, $unset } = stage
  if (isDoc($addFields)) return new Set(Object.keys($addFields).map(topLevel))
  if (typeof $unset === 'string') return new Set([topLevel($unset)])
  return Array.isArray($unset) ? new Set($unset.map((path) => topLevel(String(path)))) : undefined
}

function refused(name: string): CommandError {
  return invalidOptions(`${name} is not allowed to be used within an update`)
}
