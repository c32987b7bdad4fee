import { RemovalPolicy } from 'aws-cdk-lib'
import { AttributeType, BillingMode, ProjectionType, Table } from 'aws-cdk-lib/aws-dynamodb'
import { Construct } from 'constructs'
import type { BundleName } from '../bundling.ts'

/** The indexes of the Runs table: name, partition key, sort key. All keys are text. */
export const RUNS_INDEXES = [
  { indexName: 'byProject', partitionKey: 'projectKey', sortKey: 'createdAtKey' },
  { indexName: 'byOwner', partitionKey: 'ownerKey', sortKey: 'createdAtKey' },
  { indexName: 'byTask', partitionKey: 'taskKey', sortKey: 'createdAtKey' },
  { indexName: 'byTrigger', partitionKey: 'triggerKey', sortKey: 'createdAtKey' },
] as const

/** What a list of runs shows, copied into every index: small attributes only, so that a page stays one read. */
export const RUNS_INDEX_ATTRIBUTES = [
  'phase',
  'startTime',
  'endTime',
  'ownerSubject',
  'ownerIssuer',
  'taskProject',
  'taskDomain',
  'taskName',
  'taskVersion',
  'taskType',
  'shortName',
  'executedBy',
  'attempts',
  'runSource',
  'environmentName',
  'updatedAt',
  'labels',
  'triggerName',
  'triggerRevision',
  'triggerSpec',
] as const

/** What lists of actions show beside that; only byProject has actions. A table's indexes copy 100 in all. */
export const ACTIONS_INDEX_ATTRIBUTES = ['actionType', 'parentName', 'groupName'] as const

/**
 * The index of an action's children, by the time of their last change: what a running task watches. Only a deployment
 * with an internal load balancer has tasks that ask.
 */
export const CHILDREN_INDEX = {
  indexName: 'byParent',
  partitionKey: 'parentKey',
  sortKey: 'changedKey',
  attributes: [
    'phase',
    'attempts',
    'actionType',
    'outputsUri',
    'outputBase',
    'errorInfo',
    'signalValue',
    'timesOutAt',
  ],
} as const

/** The index of the actions of a project that wait for somebody: few at any time, so it is nearly empty. */
export const PAUSED_INDEX = {
  indexName: 'byPaused',
  partitionKey: 'pausedKey',
  sortKey: 'createdAtKey',
  attributes: ['timesOutAt'],
} as const

/** Epoch seconds after which an item may go. Deletion can lag by days: readers compare it themselves. */
export const EXPIRY_ATTRIBUTE = 'expiresAt'

export interface TablesProps {
  /** Whether to index the children of actions. */
  readonly children: boolean
}

/**
 * The two tables of a deployment: on demand, restorable to any second of the last 35 days, protected from deletion
 * and kept when the stack goes.
 */
export class Tables extends Construct {
  readonly runs: Table
  readonly auth: Table

  constructor(scope: Construct, id: string, { children }: TablesProps) {
    super(scope, id)
    this.runs = makeTable(this, 'Runs')
    for (const index of RUNS_INDEXES) {
      const more = index.indexName === 'byProject' ? ACTIONS_INDEX_ATTRIBUTES : []
      addIndex(this.runs, { ...index, attributes: [...RUNS_INDEX_ATTRIBUTES, ...more] })
    }
    addIndex(this.runs, PAUSED_INDEX)
    if (children) addIndex(this.runs, CHILDREN_INDEX)
    this.auth = makeTable(this, 'Auth')
  }

  /**
   * How a function is told the names of the tables that it uses.
   *
   * @param options.sessions Whether it reads sessions, which are partly in the Auth table.
   */
  environmentOf(name: BundleName, options: { readonly sessions: boolean }): Record<string, string> {
    const usesRuns = name === 'runs' || name === 'actions'
    const usesAuth = name === 'runs' || name === 'authorization-server' || options.sessions
    return {
      ...(usesRuns ? { RUNS_TABLE: this.runs.tableName } : {}),
      ...(usesAuth ? { AUTH_TABLE: this.auth.tableName } : {}),
    }
  }
}

interface Index {
  readonly indexName: string
  readonly partitionKey: string
  readonly sortKey: string
  readonly attributes: readonly string[]
}

function addIndex(table: Table, { indexName, partitionKey, sortKey, attributes }: Index): void {
  table.addGlobalSecondaryIndex({
    indexName,
    partitionKey: { name: partitionKey, type: AttributeType.STRING },
    sortKey: { name: sortKey, type: AttributeType.STRING },
    projectionType: ProjectionType.INCLUDE,
    nonKeyAttributes: [...attributes],
  })
}

function makeTable(scope: Construct, id: string): Table {
  return new Table(scope, id, {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    timeToLiveAttribute: EXPIRY_ATTRIBUTE,
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  })
}
