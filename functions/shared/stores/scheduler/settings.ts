/** Where the schedules of triggers are, and what they call: `TRIGGER_SCHEDULES`, which the stack writes. */
import * as z from 'zod/mini'
import { parseSetting } from '../../config.ts'

const nonEmpty = z.string().check(z.minLength(1))

const schema = z.strictObject({
  /** The schedule group of this deployment. */
  groupName: nonEmpty,
  /** What they call, and the role that they do it with. */
  functionArn: nonEmpty,
  roleArn: nonEmpty,
})

export type ScheduleSettings = z.infer<typeof schema>

/** Reads them. @throws {ConfigError} with every problem listed by name; never with a value. */
export function readScheduleSettings(text: string | undefined): ScheduleSettings {
  return parseSetting(schema, text, 'TRIGGER_SCHEDULES')
}
