import { describe, expect, it } from 'vitest'
import { tableUses } from '../../../local/aws/dynamodb-operations.ts'

const of = (action: string, table?: string) => ({ action: `dynamodb:${action}`, table })

describe('an operation uses', () => {
  const rows: [string, operation: string, input: unknown, uses: unknown][] = [
    ['its table', 'PutItem', { TableName: 'Runs' }, [of('PutItem', 'Runs')]],
    [
      'its table by an ARN',
      'GetItem',
      { TableName: 'arn:aws:dynamodb:r:1:table/Runs' },
      [of('GetItem', 'Runs')],
    ],
    ['its index', 'Query', { TableName: 'Runs', IndexName: 'byTask' }, [of('Query', 'Runs/index/byTask')]],
    [
      'its resource',
      'TagResource',
      { ResourceArn: 'arn:aws:dynamodb:r:1:table/Runs' },
      [of('TagResource', 'Runs')],
    ],
    ['no table', 'ListTables', {}, [of('ListTables')]],
    [
      'every table of a batch',
      'BatchGetItem',
      { RequestItems: { Runs: {}, 'arn:aws:dynamodb:r:1:table/Auth': {} } },
      [of('BatchGetItem', 'Runs'), of('BatchGetItem', 'Auth')],
    ],
    [
      'every table of a batch that writes',
      'BatchWriteItem',
      { RequestItems: { Runs: [] } },
      [of('BatchWriteItem', 'Runs')],
    ],
    [
      'the action of every part of a transaction',
      'TransactWriteItems',
      {
        TransactItems: [
          { Put: { TableName: 'Runs' } },
          { Update: { TableName: 'Runs' } },
          { Delete: { TableName: 'Auth' } },
          { ConditionCheck: { TableName: 'Auth' } },
        ],
      },
      [
        of('PutItem', 'Runs'),
        of('UpdateItem', 'Runs'),
        of('DeleteItem', 'Auth'),
        of('ConditionCheckItem', 'Auth'),
      ],
    ],
    [
      'the reads of a transaction',
      'TransactGetItems',
      { TransactItems: [{ Get: { TableName: 'Runs' } }] },
      [of('GetItem', 'Runs')],
    ],
    ['no table that is no text', 'GetItem', { TableName: {} }, [of('GetItem')]],
    ['nothing, where a batch has nothing', 'BatchGetItem', { RequestItems: null }, []],
    ['nothing, where a transaction is none', 'TransactGetItems', { TransactItems: 'x' }, []],
    ['its action, whatever was sent', 'GetItem', null, [of('GetItem')]],
  ]
  for (const [what, operation, input, uses] of rows) {
    it(`${what} (${operation})`, () => expect(tableUses(operation, input)).toEqual(uses))
  }
})
