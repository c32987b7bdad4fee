/** The event that fires a trigger: what a schedule is given, and what the function gets. */
import { create } from '@bufbuild/protobuf'
import { type TriggerName, TriggerNameSchema } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import * as z from 'zod/mini'
import type { EpochMs } from '../../shared/clock.ts'
import { ServiceError } from '../../shared/errors.ts'

/** What EventBridge Scheduler replaces by the time that a call was due, in whole seconds. */
const SCHEDULED_TIME = '<aws.scheduler.scheduled-time>'

const nonEmpty = z.string().check(z.minLength(1))

const schema = z.object({
  trigger: z.object({ project: nonEmpty, domain: nonEmpty, taskName: nonEmpty, name: nonEmpty }),
  scheduledTime: z.iso.datetime(),
})

/** A trigger, and the time that it was to fire at. */
export interface Firing {
  readonly name: TriggerName
  readonly scheduledAtMs: EpochMs
}

/**
 * The event of a trigger, with a place for the time. Names are written so that the scheduler, which replaces its own
 * words in all of the text, finds none of them there.
 */
export function eventOfTrigger({ project, domain, taskName, name }: TriggerName): string {
  const trigger = JSON.stringify({ project, domain, taskName, name }).replaceAll('<', '\\u003c')
  return `{"trigger":${trigger},"scheduledTime":"${SCHEDULED_TIME}"}`
}

/** Reads an event. @throws {ServiceError} `request_malformed` */
export function firingOfEvent(event: unknown): Firing {
  const { success, data } = schema.safeParse(event)
  if (!success) throw new ServiceError('request_malformed')
  return {
    name: create(TriggerNameSchema, data.trigger),
    scheduledAtMs: Date.parse(data.scheduledTime),
  }
}
