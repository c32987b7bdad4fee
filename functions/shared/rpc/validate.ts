/** The rules that the protos declare for their own messages (`buf.validate`), enforced. */
import type { DescMessage, Message } from '@bufbuild/protobuf'

/** Placeholder signature while the interpreter is written. */
export function assertMessageValid(_schema: DescMessage, _message: Message): void {}
