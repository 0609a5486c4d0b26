import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { failedToParse, typeMismatch } from '../../bson/errors'
import { located } from './expression/arguments'
import { QUERY_DEPTH_MAX } from '../limits'
import {
  compileCount,
  compileLimit,
  compileMatch,
  compileSample,
  compileSkip,
  compileSortStage,
  limitOf,
  sortStage,
} from './basic-stages'
import { compileDocuments } from './documents'
import { compileBucket, compileGroup, compileSortByCount } from './group'
import { compileFacet, compileLookup, compileUnionWith } from './joining-stages'
import { mapped, paced } from './flow'
import { foreignStage } from './foreign-stages'
import { checkedResult, stageName } from './stage'
import type { CompileStage, Stage, StageContext } from './stage'
import { compileTransform, isTransform } from './transforms'
import { compileUnwind } from './unwind'

/** The stages that work on values as they are stored. Those of ./transforms belong to them; the others are mingo's. */
const STAGES: Readonly<Record<string, CompileStage>> = {
  $bucket: compileBucket,
  $count: compileCount,
  $documents: compileDocuments,
  $facet: compileFacet,
  $group: compileGroup,
  $limit: compileLimit,
  $lookup: compileLookup,
  $match: compileMatch,
  $sample: compileSample,
  $skip: compileSkip,
  $sort: compileSortStage,
  $sortByCount: compileSortByCount,
  $unionWith: compileUnionWith,
  $unwind: compileUnwind,
}

/** A pipeline may have at most this many stages: MongoDB's bound. */
const PIPELINE_STAGES_MAX = 1_000

/** Compiles all stages before the first document is read, so that a mistake is found in an empty collection too. */
export function compilePipeline(pipeline: readonly Doc[], context: StageContext): Stage {
  if (pipeline.length > PIPELINE_STAGES_MAX) {
    throw located(7749501, `Pipeline length must be no longer than ${PIPELINE_STAGES_MAX} stages`)
  }
  const stages: Stage[] = []
  for (let i = 0; i < pipeline.length; i++) {
    const stage = pipeline[i]
    if (!isDoc(stage)) throw typeMismatch("Each element of the 'pipeline' array must be an object")
    const name = stageName(stage)
    if (name === '$documents' && i > 0)
      throw located(40602, '$documents is only valid as the first stage in a pipeline.')
    const limit = name === '$sort' ? limitAfter(pipeline, i) : undefined
    stages.push(limit === undefined ? compileStage(name, stage, context) : sortStage(stage['$sort'], limit, context))
  }
  return (docs) => stages.reduce((input, stage) => paced(stage(input), context.isOver), paced(docs, context.isOver))
}

/** The bound that a $limit right after a $sort puts on it. The $limit itself stays, and does nothing. */
function limitAfter(pipeline: readonly Doc[], at: number): number | undefined {
  const next = pipeline[at + 1]
  return isDoc(next) && stageName(next) === '$limit' ? limitOf(next['$limit']) : undefined
}

function compileStage(name: string, stage: Doc, context: StageContext): Stage {
  if (isTransform(name)) {
    const transform = compileTransform(name, stage[name])
    return (docs) => mapped(docs, (doc) => checkedResult(() => transform(doc, context)))
  }
  const compile = STAGES[name]
  return compile === undefined ? foreignStage(name, stage, context) : compile(stage[name], context)
}

/** A context whose inner pipelines nest no deeper than a query may. */
export function contextOf(base: Omit<StageContext, 'compile'>, depth = 0): StageContext {
  return {
    ...base,
    compile: (pipeline, variables) => {
      if (depth >= QUERY_DEPTH_MAX) throw failedToParse(`Pipelines may nest at most ${QUERY_DEPTH_MAX} deep`)
      return compilePipeline(pipeline, contextOf({ ...base, variables }, depth + 1))
    },
  }
}
