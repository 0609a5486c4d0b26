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
  const fields = new Set<string>()
  for (const stage of pipeline) {
    const name = stageName(stage)
    const spec = stage[name]
    if (name === '$set' || name === '$addFields') {
      if (!isDoc(spec) || !addFieldsNamed(spec, fields)) return undefined
      for (const path of Object.keys(spec)) fields.add(topLevel(path))
    } else if (name === '$unset') {
      for (const path of Array.isArray(spec) ? spec : [spec]) fields.add(topLevel(String(path)))
    } else return undefined
  }
  return fields
}

function refused(name: string): CommandError {
  return invalidOptions(`${name} is not allowed to be used within an update`)
}
