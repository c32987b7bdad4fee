/**
 * Ports in the template.
 *
 * The template is synthesized with two ports that stand for the real ones, so that one result serves every
 * port that somebody starts the stack on, and every test.
 */
import type { CloudFormationTemplate } from './alb/index.ts'

export const STAND_IN_PORTS = { stack: 61_001, provider: 61_002 } as const

/** The template with the real ports in the place of the ones that stand for them. */
export function withRealPorts(
  template: CloudFormationTemplate,
  ports: { stack: number; provider: number },
): CloudFormationTemplate {
  const text = JSON.stringify(template)
    .replaceAll(`localhost:${STAND_IN_PORTS.stack}`, `localhost:${ports.stack}`)
    .replaceAll(`localhost:${STAND_IN_PORTS.provider}`, `localhost:${ports.provider}`)
  return JSON.parse(text) as CloudFormationTemplate
}
