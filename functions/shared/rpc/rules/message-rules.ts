/** The rules of messages as a whole that protos write as expressions, by the name of the type and of the rule. */
import type { DescMessage } from '@bufbuild/protobuf'
import type { MessageFields } from './field-rules.ts'
import { declaredRules, readFields, text, UnknownRuleError } from './wire.ts'

export interface MessageRule {
  readonly holds: (message: MessageFields) => boolean
  readonly complaint: string
}

const RULES: Readonly<Record<string, MessageRule>> = {
  'flyteidl2.notification.DeliveryConfigTemplate at_least_one_required': {
    holds: ({ webhook, email }) => webhook !== undefined || email !== undefined,
    complaint: 'needs a webhook or an email',
  },
  'flyteidl2.core.Backoff backoff.cap_required_when_factor_gt_1': {
    holds: ({ factor, cap }) => factor === undefined || Number(factor) <= 1 || cap !== undefined,
    complaint: 'needs a cap, because its factor is greater than 1',
  },
}

const EXPRESSIONS = 3
const ID = 1

/**
 * The rules a type declares for its messages as a whole.
 *
 * @throws {UnknownRuleError} for one that has no counterpart here.
 */
export function messageRules(schema: DescMessage): MessageRule[] {
  return declaredRules(schema).map((declared) => {
    const id =
      declared.number === EXPRESSIONS && readFields(declared.bytes).find(({ number }) => number === ID)
    const rule = id ? RULES[`${schema.typeName} ${text(id)}`] : undefined
    if (rule === undefined) throw new UnknownRuleError(`a rule of ${schema.typeName}`)
    return rule
  })
}
