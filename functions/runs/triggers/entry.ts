/**
 * What the rest of the function loads of triggers when it needs something of them. One file, because every other way
 * in would divide the code that a cold start reads into more pieces.
 */
export { answerFiring } from './answer-firing.ts'
export { findRunOfTrigger } from './run-of-trigger.ts'
export { triggerService } from './service.ts'
