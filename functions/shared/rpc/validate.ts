/** The rules that the protos declare for their own messages (`buf.validate`), enforced. */
import type { DescMessage, Message } from '@bufbuild/protobuf'
import { ServiceError } from '../errors.ts'
import { checkMessage } from './rules/plan.ts'
import { Problems } from './rules/problems.ts'

/**
 * Refuses a message that its proto's own rules refuse, naming the fields and never their values.
 *
 * One rule is relaxed: an organization may be empty, because clients send none on hosts with few labels.
 * Lengths are counted in Unicode code points.
 *
 * @throws {ServiceError} `request_invalid`, with up to five problems in its message.
 */
export function assertMessageValid(schema: DescMessage, message: Message): void {
  const problems = new Problems()
  checkMessage(schema, message, problems)
  if (problems.sentences.length > 0) {
    throw new ServiceError('request_invalid', { message: problems.sentences.join(' ') })
  }
}
