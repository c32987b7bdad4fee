/** The message and enum types of the process. A file comes after those that it imports. */
import type { DescEnum, DescFile, DescMessage } from '@bufbuild/protobuf'
import { nestedTypes } from '@bufbuild/protobuf/reflect'

/** By name. */
export const messages = new Map<string, DescMessage>()
/** By name. */
export const enums = new Map<string, DescEnum>()

/** Notes the types of a file that is described in another way. */
export function adopt(file: DescFile): void {
  for (const type of nestedTypes(file)) {
    if (type.kind === 'message') messages.set(type.typeName, type)
    if (type.kind === 'enum') enums.set(type.typeName, type)
  }
}

/** The type of that name. @throws {TypeError} for a type of a file that nobody imported. */
export function typeNamed<Desc>(types: ReadonlyMap<string, Desc>, typeName: string): Desc {
  const type = types.get(typeName)
  if (type === undefined) throw new TypeError(`there is no descriptor of ${typeName}`)
  return type
}
