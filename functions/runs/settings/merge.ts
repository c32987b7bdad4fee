/** Settings of several levels as they hold together. */
import { create, type DescMessage, type Message } from '@bufbuild/protobuf'
import {
  SettingState,
  type Settings,
  SettingsSchema,
} from '@flyteorg/flyteidl2/flyteidl2/settings/settings_definition_pb.ts'

type Fields = Record<string, unknown>

/**
 * The settings that hold at the last of these levels, which come broadest first. A setting is the one of the most
 * specific level that does not inherit it, and says which level that is; one that every level inherits is not there.
 */
export function effectiveSettings(levels: readonly Settings[]): Settings {
  const merged = create(SettingsSchema)
  for (const [scopeLevel, settings] of levels.entries()) merge(SettingsSchema, merged, settings, scopeLevel)
  return merged
}

function merge(schema: DescMessage, below: Message, above: Message, scopeLevel: number): void {
  const [target, source] = [below, above] as unknown as [Fields, Fields]
  for (const field of schema.fields) {
    if (field.fieldKind !== 'message') continue
    const { localName, message } = field
    const value = source[localName] as (Message & { state?: SettingState }) | undefined
    if (value === undefined) continue
    if (message.field.state === undefined) {
      target[localName] ??= create(message)
      merge(message, target[localName] as Message, value, scopeLevel)
    } else if (value.state !== SettingState.INHERIT) {
      target[localName] = { ...value, scopeLevel }
    }
  }
}
