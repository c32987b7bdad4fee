/** Reading and writing attribute values. Reading is forgiving: an attribute of another kind counts as missing. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'

export type Item = Record<string, AttributeValue>

export const text = (value: string): AttributeValue => ({ S: value })
export const number = (value: number): AttributeValue => ({ N: String(value) })
export const bytes = (value: Uint8Array): AttributeValue => ({ B: value })

export function textOf(item: Item, name: string): string {
  return item[name]?.S ?? ''
}

export function numberOf(item: Item, name: string): number | undefined {
  const value = item[name]?.N
  return value === undefined ? undefined : Number(value)
}

export function bytesOf(item: Item, name: string): Uint8Array | undefined {
  return item[name]?.B
}

/** The entries that have a value, so that an item carries no empty attributes. */
export function presentOnly(item: Readonly<Record<string, AttributeValue | undefined>>): Item {
  const present: Item = {}
  for (const [name, value] of Object.entries(item)) if (value !== undefined) present[name] = value
  return present
}
