import { describe, expect, it } from 'vitest'
import type { CloudFormationTemplate } from '../../local/alb/index.ts'
import { listenersOf } from '../../local/listeners.ts'
import { resourceNames } from '../../local/resource-names.ts'
import { EXISTING, templateWith } from '../lib/fixtures.ts'

const internal = { internal: { enabled: true, protocol: 'HTTP', allowedCidrs: ['10.0.0.0/8'] } }
const withVpc = {
  ...internal,
  internal: {
    ...internal.internal,
    vpcId: 'vpc-0a1b2c3d',
    subnetIds: ['subnet-0a1b2c3d', 'subnet-1a1b2c3d'],
  },
}
const read = (change: object) => templateWith(change as never).toJSON() as CloudFormationTemplate

describe('the listeners of a template', () => {
  it('are the only one where tasks have none of their own', () => {
    expect(listenersOf(read({}))).toEqual({ open: undefined, internal: undefined })
  })

  it('are the https one of the world, and the one of tasks', () => {
    const template = read(internal)
    const { open = '', internal: own = '' } = listenersOf(template)
    expect(open).toMatch(/^FrontDoor/)
    expect(template.Resources?.[open]?.Properties?.Protocol).toBe('HTTPS')
    expect(own).toMatch(/^Internal/)
  })

  it('are the one that others own, by its ARN, beside that of tasks', () => {
    const { open, internal: own } = listenersOf(read({ ...EXISTING, ...withVpc }))
    expect(open).toBe((EXISTING.loadBalancer as { existing: { listenerArn: string } }).existing.listenerArn)
    expect(own).toMatch(/^Internal/)
  })
})

describe('the load balancers of a template', () => {
  it('have ARNs of their own, and the open one signs', () => {
    const template = read(internal)
    const names = resourceNames({ template, region: 'eu-west-1' })
    const arns = Object.entries(template.Resources ?? {})
      .filter(([, { Type }]) => Type === 'AWS::ElasticLoadBalancingV2::LoadBalancer')
      .map(([id, resource]) => [id.startsWith('Internal'), names.physicalId(id, resource)])
    expect(arns).toHaveLength(2)
    expect(arns.find(([isInternal]) => !isInternal)?.[1]).toBe(names.loadBalancerArn)
    expect(arns.find(([isInternal]) => isInternal)?.[1]).not.toBe(names.loadBalancerArn)
  })
})
