/**
 * Refreshes in the Auth table.
 *
 * | pk | sk | attributes |
 * |---|---|---|
 * | `REFRESH#` + SHA-256 of the refresh token | `REFRESH` | `state`, `owner`, `leaseUntil` (ms), `sealed`, `rotated`, `freshUntil`, `expiresAt` (TTL) |
 */
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { type Clock, epochSeconds } from '../../clock.ts'
import type { RefreshClaim, RefreshKey, RefreshState, RefreshStore } from '../session-store.ts'
import { type Item, number, numberOf, text, textOf } from './attributes.ts'
import { isConditionFailure, storeErrorOf } from './client.ts'

export interface RefreshStoreDeps {
  readonly client: DynamoDBClient
  /** The Auth table. */
  readonly tableName: string
  readonly now: Clock
}

const SORT_KEY = 'REFRESH'
/** A claim that nobody finishes is forgotten after this. */
const CLAIM_SECONDS = 3600

// Of two who claim at once, one finds the condition false: that one waits for the other's result.
const NEVER_ASKED = 'attribute_not_exists(pk)'
const FORGOTTEN = 'expiresAt <= :now'
const LEASE_RAN_OUT = '(#state = :pending AND leaseUntil <= :nowMs)'
const USED_AGAIN = '(#state = :done AND rotated = :no AND freshUntil <= :now)'
const CLAIMABLE = [NEVER_ASKED, FORGOTTEN, LEASE_RAN_OUT, USED_AGAIN].join(' OR ')
const STILL_OURS = '#owner = :owner'

/** Makes the store. */
export function createDynamoDbRefreshStore({ client, tableName, now }: RefreshStoreDeps): RefreshStore {
  const nowSeconds = () => epochSeconds(now())

  async function put(item: Item, condition: Partial<ConstructorParameters<typeof PutItemCommand>[0]>) {
    try {
      await client.send(new PutItemCommand({ TableName: tableName, Item: item, ...condition }))
      return true
    } catch (error) {
      if (isConditionFailure(error)) return false
      throw storeErrorOf(error)
    }
  }

  async function look(key: RefreshKey): Promise<RefreshState> {
    try {
      const { Item: item } = await client.send(
        new GetItemCommand({ TableName: tableName, Key: keyOf(key), ConsistentRead: true }),
      )
      return item === undefined ? { kind: 'claimed' } : stateOf(item, now())
    } catch (error) {
      throw storeErrorOf(error)
    }
  }

  /** Only while the claim is still ours: whoever took it over decides. */
  const finish = (claim: RefreshClaim, attributes: Item) =>
    put(
      { ...keyOf(claim.key), owner: text(claim.owner), ...attributes },
      {
        ConditionExpression: STILL_OURS,
        ExpressionAttributeNames: { '#owner': 'owner' },
        ExpressionAttributeValues: { ':owner': text(claim.owner) },
      },
    )

  return {
    look,
    async claim(claim, leaseSeconds) {
      const item = {
        ...keyOf(claim.key),
        state: text('pending'),
        owner: text(claim.owner),
        leaseUntil: number(now() + leaseSeconds * 1000),
        expiresAt: number(nowSeconds() + CLAIM_SECONDS),
      }
      const claimed = await put(item, {
        ConditionExpression: CLAIMABLE,
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: {
          ':now': number(nowSeconds()),
          ':nowMs': number(now()),
          ':pending': text('pending'),
          ':done': text('done'),
          ':no': number(0),
        },
      })
      if (claimed) return { kind: 'claimed' }
      const found = await look(claim.key)
      // What can be claimed now became so in between; the next try claims it.
      return found.kind === 'claimed' ? { kind: 'pending' } : found
    },
    async complete(claim, { sealed, rotated, freshUntilEpochSeconds, expiresAtEpochSeconds }) {
      await finish(claim, {
        state: text('done'),
        sealed: text(sealed),
        rotated: number(rotated ? 1 : 0),
        freshUntil: number(freshUntilEpochSeconds),
        expiresAt: number(expiresAtEpochSeconds),
      })
    },
    async refuse(claim, expiresAtEpochSeconds) {
      await finish(claim, { state: text('refused'), expiresAt: number(expiresAtEpochSeconds) })
    },
    async release(claim) {
      const lapsed = { leaseUntil: number(0), expiresAt: number(nowSeconds() + CLAIM_SECONDS) }
      await finish(claim, { state: text('pending'), ...lapsed })
    },
  }
}

function keyOf(key: RefreshKey): Item {
  return { pk: text(`REFRESH#${key}`), sk: text(SORT_KEY) }
}

function stateOf(item: Item, nowMs: number): RefreshState {
  const nowSeconds = epochSeconds(nowMs)
  // Deletion by TTL can lag by days.
  if ((numberOf(item, 'expiresAt') ?? 0) <= nowSeconds) return { kind: 'claimed' }
  const sealed = textOf(item, 'sealed')
  switch (textOf(item, 'state')) {
    case 'refused':
      return { kind: 'refused' }
    case 'done': {
      const usedAgain = numberOf(item, 'rotated') === 0 && (numberOf(item, 'freshUntil') ?? 0) <= nowSeconds
      return usedAgain ? { kind: 'claimed' } : { kind: 'done', sealed }
    }
    default:
      return { kind: (numberOf(item, 'leaseUntil') ?? 0) <= nowMs ? 'claimed' : 'pending' }
  }
}
