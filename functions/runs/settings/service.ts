/** `SettingsService`: what people set for all projects, for a domain, or for a project in a domain. */
import { create, toBinary } from '@bufbuild/protobuf'
import {
  type Settings,
  type SettingsKey,
  SettingsSchema,
} from '@flyteorg/flyteidl2/flyteidl2/settings/settings_definition_pb.ts'
import {
  type CreateSettingsRequest,
  CreateSettingsResponseSchema,
  type GetSettingsForEditRequest,
  GetSettingsForEditResponseSchema,
  type GetSettingsRequest,
  GetSettingsResponseSchema,
  SettingsService,
  type UpdateSettingsRequest,
  UpdateSettingsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/settings/settings_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { required } from '../../shared/rpc/required.ts'
import type { RpcOptions } from '../../shared/rpc/router.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { documentOf, levelsOf, readLevel } from './levels.ts'
import { effectiveSettings } from './merge.ts'

/** Registers the service. Settings are kept and shown; what executes runs decides which of them it follows. */
export function settingsService(deps: ServiceDeps): RpcOptions['services'] {
  return (router) =>
    router.service(SettingsService, {
      getSettings: (request) => getSettings(deps, request),
      getSettingsForEdit: (request) => getSettingsForEdit(deps, request),
      createSettings: (request) => createSettings(deps, request),
      updateSettings: (request) => updateSettings(deps, request),
    })
}

/** What holds at a level: its own settings over those of the levels above. */
async function getSettings({ documents }: ServiceDeps, request: GetSettingsRequest) {
  const key = required(request.key, 'key')
  const records = await Promise.all(levelsOf(key).map((level) => readLevel(documents, level)))
  const settings = effectiveSettings(records.map((record) => record.settings ?? create(SettingsSchema)))
  const version = records.at(-1)?.version ?? 0n
  return create(GetSettingsResponseSchema, { settingsRecord: { key, settings, version } })
}

/** What is set at each level, broadest first; version 0 where nothing is. */
async function getSettingsForEdit({ documents }: ServiceDeps, request: GetSettingsForEditRequest) {
  const requestedKey = required(request.key, 'key')
  const levels = await Promise.all(levelsOf(requestedKey).map((level) => readLevel(documents, level)))
  return create(GetSettingsForEditResponseSchema, { requestedKey, levels })
}

async function createSettings(deps: ServiceDeps, request: CreateSettingsRequest) {
  const key = required(request.key, 'key')
  const settingsRecord = await write(deps, key, required(request.settings, 'settings'), 0n)
  if (settingsRecord === undefined) throw new ServiceError('settings_exist')
  return create(CreateSettingsResponseSchema, { settingsRecord })
}

async function updateSettings(deps: ServiceDeps, request: UpdateSettingsRequest) {
  const key = required(request.key, 'key')
  const settingsRecord = await write(deps, key, required(request.settings, 'settings'), request.version)
  if (settingsRecord === undefined) throw new ServiceError('document_changed')
  return create(UpdateSettingsResponseSchema, { settingsRecord })
}

/** Writes the next version of a level; undefined if the one it replaces is not the stored one. */
async function write(deps: ServiceDeps, key: SettingsKey, settings: Settings, replaces: bigint) {
  levelsOf(key)
  if (key.domain !== '' && !deps.domains.includes(key.domain)) {
    throw new ServiceError('request_invalid', { message: "key.domain is not one of this deployment's." })
  }
  if (key.project !== '') await deps.projects.assertExists(key.project)
  const bytes = toBinary(SettingsSchema, settings)
  const written = await deps.documents.write({ ...documentOf(key), bytes, replaces: Number(replaces) })
  return written ? { key, settings, version: replaces + 1n } : undefined
}
