/**
 * Keeping the schedule of a trigger as its document says: there while the trigger is active and has times, and gone
 * otherwise.
 *
 * The document is written first, and is what counts: a schedule that is left over fires nothing. Whoever changes a
 * document brings its schedule up to date and looks whether it has changed meanwhile, so that of two changes at once
 * the schedule ends up as the later one says, whichever reached the scheduler last.
 */
import { hash } from 'node:crypto'
import { timestampMs } from '@bufbuild/protobuf/wkt'
import type { TriggerName } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import type { TriggerDetails } from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_definition_pb.ts'
import type { Clock } from '../../shared/clock.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { DocumentStore } from '../../shared/stores/document-store.ts'
import type { Schedule, ScheduleStore } from '../../shared/stores/schedule-store.ts'
import { eventOfTrigger } from './firing-event.ts'
import { nextOfRate, timetableOf } from './timetable.ts'
import { documentOf, readTrigger } from './trigger-documents.ts'

export interface ScheduleDeps {
  readonly documents: DocumentStore
  readonly schedules: ScheduleStore
  readonly now: Clock
}

const MAX_TRIES = 5

/**
 * Brings the schedule of a trigger up to date. Done again it changes nothing, so that a call which failed halfway can
 * be repeated.
 *
 * @throws {ServiceError} `scheduler_unavailable`; `request_invalid`, `rpc_unimplemented` for times that are none;
 *   `document_changed` if others kept on changing the trigger.
 */
export async function followTrigger(deps: ScheduleDeps, name: TriggerName): Promise<void> {
  let document = await deps.documents.find(documentOf(name))
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const trigger = document && readTrigger(document, '')
    const schedule = trigger && scheduleOf(trigger, name, deps.now)
    if (schedule) await deps.schedules.put(schedule)
    else await deps.schedules.remove(scheduleName(name))
    const followed = document?.version
    document = await deps.documents.find(documentOf(name))
    if (document?.version === followed) return
  }
  throw new ServiceError('document_changed')
}

function scheduleOf(trigger: TriggerDetails, name: TriggerName, now: Clock): Schedule | undefined {
  const timetable = trigger.spec?.active ? timetableOf(trigger.automationSpec) : undefined
  if (timetable === undefined) return undefined
  const { expression, timeZone, rate } = timetable
  const nowMs = now()
  const { updatedAt } = trigger.status ?? {}
  const sinceMs = updatedAt === undefined ? nowMs : timestampMs(updatedAt)
  return {
    name: scheduleName(name),
    description: [name.project, name.domain, name.taskName, name.name].join('/'),
    expression,
    timeZone,
    startsAtMs: rate && nextOfRate(rate, { sinceMs, nowMs }),
    input: eventOfTrigger(name),
  }
}

/** Names of triggers are longer than those of schedules: theirs are digests. */
function scheduleName({ project, domain, taskName, name }: TriggerName): string {
  return hash('sha256', JSON.stringify([project, domain, taskName, name]), 'base64url')
}
