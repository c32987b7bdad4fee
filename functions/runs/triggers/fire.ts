/**
 * Firing a trigger: a run as its deployer would have made it, once for each time that it was due.
 *
 * A schedule calls at least once, and so may Lambda: the name of the run comes from the trigger and the time, so that
 * a call that is repeated finds its own run. What the trigger says now is what counts, whatever it said when the
 * schedule was made: one that was deleted or switched off fires nothing.
 *
 * The run is executed by whoever deployed the trigger or switched it on, whichever was later: that person decided
 * that it should run.
 */
import { hash } from 'node:crypto'
import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { TimestampSchema, timestampFromMs } from '@bufbuild/protobuf/wkt'
import {
  type EnrichedIdentity,
  EnrichedIdentitySchema,
} from '@flyteorg/flyteidl2/flyteidl2/common/identity_pb.ts'
import { OffloadedInputDataSchema } from '@flyteorg/flyteidl2/flyteidl2/common/run_pb.ts'
import { InputsSchema } from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import { type RunSpec, RunSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/run_pb.ts'
import type { TriggerDetails } from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_definition_pb.ts'
import { RunSource } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { CreateRunRequestSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import type { EpochMs } from '../../shared/clock.ts'
import { ServiceError } from '../../shared/errors.ts'
import { makeRun, type RunCreator, storeParts } from '../create-run/make-run.ts'
import { planRun } from '../create-run/plan-run.ts'
import { type RunOfTrigger, requestOfTrigger } from '../create-run/trigger-of-request.ts'
import type { ServiceDeps } from '../service-deps.ts'
import type { Firing } from './firing-event.ts'
import { runOfTrigger } from './run-of-trigger.ts'
import { timetableOf } from './timetable.ts'
import { findTrigger } from './trigger-documents.ts'

/** What came of a call: `gone` and `inactive` made nothing, `repeated` found the run of an earlier call. */
export type FiringOutcome = 'fired' | 'repeated' | 'gone' | 'inactive'

/** Fires a trigger. It throws what CreateRun throws for the same run. */
export async function fireTrigger(
  deps: ServiceDeps,
  { name, scheduledAtMs }: Firing,
): Promise<{ outcome: FiringOutcome; run?: string }> {
  const details = await findTrigger(deps.documents, name)
  if (details?.spec === undefined) return { outcome: 'gone' }
  if (!details.spec.active) return { outcome: 'inactive' }
  const kickoffInput = timetableOf(details.automationSpec)?.kickoffTimeInput ?? ''
  const found = atTime(runOfTrigger(details, details.spec), { kickoffInput, scheduledAtMs })
  const { project, domain, taskName } = name
  const request = create(CreateRunRequestSchema, {
    id: { case: 'projectId', value: { name: project, domain } },
    source: RunSource.SCHEDULE_TRIGGER,
  })
  const plan = await planRun(deps, requestOfTrigger(request, name, found))
  const identity = ['trigger', project, domain, taskName, name.name, String(scheduledAtMs)]
  const digest = hash('sha256', JSON.stringify(identity), 'base64url')
  await storeParts(deps, plan)
  const { run, outcome } = await makeRun(deps, { plan, creator: creatorOf(details), digest })
  // The name can be foreseen: a run that somebody gave it is not the one of this time.
  if (!outcome.created && outcome.existing.requestDigest !== digest) throw new ServiceError('run_exists')
  return { outcome: outcome.created ? 'fired' : 'repeated', run: run.key.name }
}

function creatorOf({ metadata }: TriggerDetails): RunCreator {
  const identity: EnrichedIdentity | undefined = metadata?.updatedBy ?? metadata?.deployedBy
  const subject = identity?.principal.value?.id?.subject
  return {
    // Which issuer knows the subject was not kept with the trigger.
    owner: subject ? { issuer: '', subject } : undefined,
    executedBy: identity && toBinary(EnrichedIdentitySchema, identity),
  }
}

interface Kickoff {
  /** The input that is given the time; empty for none. */
  readonly kickoffInput: string
  readonly scheduledAtMs: EpochMs
}

function atTime(found: RunOfTrigger, kickoff: Kickoff): RunOfTrigger {
  const runSpec = withStartTime(found.runSpec ?? create(RunSpecSchema), kickoff.scheduledAtMs)
  return { ...found, runSpec, inputWrapper: withKickoffTime(found.inputWrapper, kickoff) }
}

/** `run_start_time`, which is newer than our generated code, by its number. The runtime takes the time from it. */
const RUN_START_TIME = 12

function withStartTime(runSpec: RunSpec, atMs: EpochMs): RunSpec {
  const time = toBinary(TimestampSchema, timestampFromMs(atMs))
  const field = {
    no: RUN_START_TIME,
    wireType: WireType.LengthDelimited,
    data: new BinaryWriter().bytes(time).finish(),
  }
  const others = runSpec.$unknown?.filter(({ no }) => no !== RUN_START_TIME) ?? []
  return { ...runSpec, $unknown: [...others, field] }
}

/**
 * Inline inputs are given the time. Uploaded ones stay the file that they are, and the runtime fills the time in; their
 * hash is another one for each time, because the task is to run again.
 */
function withKickoffTime(
  inputs: RunOfTrigger['inputWrapper'],
  { kickoffInput, scheduledAtMs }: Kickoff,
): RunOfTrigger['inputWrapper'] {
  if (kickoffInput === '' || inputs.case === undefined) return inputs
  if (inputs.case === 'offloadedInputData') {
    const { uri, inputsHash } = inputs.value
    const hashAtTime = hash('sha256', JSON.stringify([inputsHash, scheduledAtMs]), 'base64url')
    const value = create(OffloadedInputDataSchema, { ...inputs.value, uri, inputsHash: hashAtTime })
    return { case: 'offloadedInputData', value }
  }
  const time = create(InputsSchema, {
    literals: [{ name: kickoffInput, value: datetimeLiteral(scheduledAtMs) }],
  })
  const others = inputs.value.literals.filter(({ name }) => name !== kickoffInput)
  return {
    case: 'inputs',
    value: { ...inputs.value, literals: [...others, ...time.literals] },
  }
}

function datetimeLiteral(atMs: EpochMs) {
  const value = { value: { case: 'datetime', value: timestampFromMs(atMs) } } as const
  const scalar = { value: { case: 'primitive', value } } as const
  return { value: { case: 'scalar', value: scalar } } as const
}
