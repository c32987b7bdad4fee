import { create, type DescMessage, type Message } from '@bufbuild/protobuf'
import type { Path } from '@bufbuild/protobuf/reflect'
import { createValidator } from '@bufbuild/protovalidate'
import { SelectClusterRequestSchema } from '@flyteorg/flyteidl2/flyteidl2/cluster/payload_pb.ts'
import { BackoffSchema } from '@flyteorg/flyteidl2/flyteidl2/core/literals_pb.ts'
import { DeliveryConfigTemplateSchema } from '@flyteorg/flyteidl2/flyteidl2/notification/definition_pb.ts'
import {
  AbortRunRequestSchema,
  CreateRunRequestSchema,
  GetActionDetailsRequestSchema,
  GetRunDetailsRequestSchema,
  ListRunsRequestSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../../../functions/shared/errors.ts'
import { checkMessage } from '../../../../functions/shared/rpc/rules/plan.ts'
import { Problems } from '../../../../functions/shared/rpc/rules/problems.ts'
import { assertMessageValid } from '../../../../functions/shared/rpc/validate.ts'
import { idlServices, requestTypes } from '../../../support/idl.ts'
import { chanceFrom, randomMessage } from '../../../support/random-message.ts'

/** Every service that is served or planned: their rules must all be ones the interpreter knows. */
const SERVICES = [
  'flyteidl2.workflow.RunService',
  'flyteidl2.workflow.InternalRunService',
  'flyteidl2.workflow.RunLogsService',
  'flyteidl2.actions.ActionsService',
  'flyteidl2.auth.IdentityService',
  'flyteidl2.auth.AuthMetadataService',
  'flyteidl2.project.ProjectService',
  'flyteidl2.task.TaskService',
  'flyteidl2.trigger.TriggerService',
  'flyteidl2.secret.SecretService',
  'flyteidl2.dataproxy.DataProxyService',
]
const services = await idlServices()
const methods = SERVICES.flatMap((name) => services.get(name)?.methods ?? [])
const types = requestTypes(methods)

function refusal(schema: DescMessage, message: Message): ServiceError | undefined {
  try {
    assertMessageValid(schema, message)
    return undefined
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
}

/** The paths our interpreter complains about. */
function ourPaths(schema: DescMessage, message: Message): string[] {
  const problems = new Problems(10_000)
  checkMessage(schema, message, problems)
  return [...new Set(problems.sentences.map((sentence) => /^(?:The message|\S+)/.exec(sentence)?.[0] ?? ''))]
}

/** A path of protovalidate's in our words: an entry of a map is called by what it is, never by its key. */
function ourWords(path: Path, forKey: boolean): string {
  const words = path.map((step) => {
    if (step.kind === 'list_sub') return `[${step.index}]`
    if (step.kind === 'map_sub') return '.{}'
    return `.${step.kind === 'extension' ? step.typeName : step.name}`
  })
  const last = words.lastIndexOf('.{}')
  const named = words.map((word, i) => (word === '.{}' ? (forKey && i === last ? '.key' : '.value') : word))
  return named.join('').slice(1) || 'The message'
}

const validator = createValidator()

/** The paths protovalidate complains about, without what we deliberately let pass. */
function oraclePaths(schema: DescMessage, message: Message): string[] {
  const verdict = validator.validate(schema, message)
  if (verdict.kind === 'error') throw verdict.error
  const violations = verdict.violations ?? []
  const ofEmptyOrganizations = violations.flatMap(({ ruleId, field, forKey }) => {
    const last = field.at(-1)
    if (ruleId !== 'string.min_len' || last?.kind !== 'field') return []
    const isOrganization =
      /^org(anization)?$/.test(last.name) || last.parent.typeName === 'flyteidl2.common.OrgIdentifier'
    return isOrganization ? [ourWords(field, forKey)] : []
  })
  const counted = violations.filter(
    ({ field, forKey }) => !ofEmptyOrganizations.includes(ourWords(field, forKey)),
  )
  return [...new Set(counted.map(({ field, forKey }) => ourWords(field, forKey)))]
}

describe('the rules of the protos', () => {
  it('are all of kinds that the interpreter knows, for every service', () => {
    expect(SERVICES.filter((name) => !services.has(name))).toEqual([])
    for (const type of types) expect(() => ourPaths(type, create(type)), type.typeName).not.toThrow()
  })

  const seed = Number(process.env.TEST_SEED ?? 20_260_401)
  it(`are judged as protovalidate judges them, field by field (seed ${seed})`, () => {
    const chance = chanceFrom(seed)
    const verdicts = { valid: 0, invalid: 0 }
    for (const type of types) {
      for (let i = 0; i < 60; i++) {
        const message = randomMessage(type, chance)
        const expected = oraclePaths(type, message).sort()
        expect(ourPaths(type, message).sort(), `${type.typeName} ${i}`).toEqual(expected)
        expect(refusal(type, message) === undefined, `${type.typeName} ${i}`).toBe(expected.length === 0)
        verdicts[expected.length === 0 ? 'valid' : 'invalid']++
      }
    }
    // Neither verdict may be rare, or the comparison would say little.
    expect(Math.min(verdicts.valid, verdicts.invalid)).toBeGreaterThan((types.length * 60) / 10)
  })
})

const runId = { org: '', project: 'flytesnacks', domain: 'development', name: 'r1' }
const taskId = { org: '', project: 'flytesnacks', domain: 'development', name: 'hello', version: 'v1' }
const byTask = { case: 'taskId', value: taskId } as const

function createRun(id: Partial<typeof runId>) {
  return create(CreateRunRequestSchema, { id: { case: 'runId', value: { ...runId, ...id } }, task: byTask })
}

describe('a message', () => {
  it('passes if every rule holds', () => {
    expect(refusal(CreateRunRequestSchema, createRun({}))).toBeUndefined()
  })

  it('passes without an organization, because clients send none on hosts with few labels', () => {
    const request = create(ListRunsRequestSchema, { scopeBy: { case: 'org', value: '' } })
    expect(refusal(ListRunsRequestSchema, request)).toBeUndefined()
  })

  it('passes with an organization that has no name, as the SDK sends it for everybody’s secrets', () => {
    const resource = { case: 'orgId', value: { name: '' } } as const
    const request = create(SelectClusterRequestSchema, { resource, operation: 8 })
    expect(refusal(SelectClusterRequestSchema, request)).toBeUndefined()
  })

  it('passes with a name of 30 characters outside the basic plane', () => {
    expect(refusal(CreateRunRequestSchema, createRun({ name: '😀'.repeat(30) }))).toBeUndefined()
  })

  const refusals: [string, DescMessage, Message, string][] = [
    [
      'a name of 31 characters',
      CreateRunRequestSchema,
      createRun({ name: 'n'.repeat(31) }),
      'run_id.name must have at most 30 characters.',
    ],
    [
      'a name of 31 characters outside the basic plane',
      CreateRunRequestSchema,
      createRun({ name: '😀'.repeat(31) }),
      'run_id.name must have at most 30 characters.',
    ],
    [
      'an organization that is too long',
      CreateRunRequestSchema,
      createRun({ org: 'o'.repeat(64) }),
      'run_id.org must have at most 63 characters.',
    ],
    ['an empty name', CreateRunRequestSchema, createRun({ name: '' }), 'run_id.name must not be empty.'],
    [
      'a missing field that is required',
      AbortRunRequestSchema,
      create(AbortRunRequestSchema),
      'run_id is required.',
    ],
    [
      'a missing choice that is required',
      CreateRunRequestSchema,
      create(CreateRunRequestSchema, { task: byTask }),
      'id is required: one of run_id, project_id.',
    ],
    [
      'a required field missing further in',
      GetActionDetailsRequestSchema,
      create(GetActionDetailsRequestSchema, { actionId: { name: 'a0' } }),
      'action_id.run is required.',
    ],
    [
      'several problems, all named',
      GetRunDetailsRequestSchema,
      create(GetRunDetailsRequestSchema, { runId: { project: '', domain: 'd'.repeat(64), name: 'r' } }),
      'run_id.project must not be empty. run_id.domain must have at most 63 characters.',
    ],
    [
      'a retry backoff that grows without a cap',
      BackoffSchema,
      create(BackoffSchema, { factor: 2 }),
      'The message needs a cap, because its factor is greater than 1.',
    ],
    [
      'a negative duration',
      BackoffSchema,
      create(BackoffSchema, { base: { seconds: -1n } }),
      'base must be at least 0 s.',
    ],
    [
      'a factor that is not a number',
      BackoffSchema,
      create(BackoffSchema, { factor: Number.NaN, cap: {} }),
      'factor must be at least 1.',
    ],
    [
      'a delivery that goes nowhere',
      DeliveryConfigTemplateSchema,
      create(DeliveryConfigTemplateSchema),
      'The message needs a webhook or an email.',
    ],
    [
      'a key of a map that is too long, without repeating it',
      DeliveryConfigTemplateSchema,
      create(DeliveryConfigTemplateSchema, {
        webhook: { url: 'https://example.com', method: 1, headers: { [`k${'x'.repeat(20)}`]: 'v' } },
      }),
      'webhook.headers.key must have at most 20 characters.',
    ],
  ]
  for (const [name, schema, message, sentence] of refusals) {
    it(`is refused with ${name}`, () => {
      const error = refusal(schema, message)
      expect(error).toMatchObject({ reason: 'request_invalid', code: 'invalid_argument' })
      expect(error?.message).toContain(sentence)
    })
  }

  it('is refused with at most five problems, however many it has', () => {
    const trigger = services.get('flyteidl2.trigger.TriggerService')
    const type = trigger?.method.updateTriggers?.input as DescMessage
    const message = create(type, { names: Array.from({ length: 50 }, () => ({})) } as never)
    expect(refusal(type, message)?.message.split('. ')).toHaveLength(5)
  })

  it('is never quoted in its refusal', () => {
    const secret = 'S3CRET'.repeat(20)
    const message = createRun({ org: secret, project: secret, domain: secret, name: secret })
    expect(refusal(CreateRunRequestSchema, message)?.message).not.toContain('S3CRET')
  })
})
