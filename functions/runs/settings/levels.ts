/** The levels of settings: `SETTINGS` / `domain#project`, where broader levels have empty parts. */
import { create, fromBinary } from '@bufbuild/protobuf'
import {
  type SettingsKey,
  SettingsKeySchema,
  SettingsSchema,
} from '@flyteorg/flyteidl2/flyteidl2/settings/settings_definition_pb.ts'
import {
  type SettingsRecord,
  SettingsRecordSchema,
} from '@flyteorg/flyteidl2/flyteidl2/settings/settings_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { DocumentName, DocumentStore } from '../../shared/stores/document-store.ts'

/** Where a level is kept. The organization is no part of it. */
export function documentOf({ domain, project }: SettingsKey): DocumentName {
  return { collection: ['SETTINGS'], name: [domain, project] }
}

/**
 * A level and those above it, broadest first: all projects, a domain, a project in a domain.
 *
 * @throws {ServiceError} `request_invalid` for a project without its domain.
 */
export function levelsOf({ org, domain, project }: SettingsKey): SettingsKey[] {
  if (project !== '' && domain === '') {
    throw new ServiceError('request_invalid', { message: 'key.domain is required with key.project.' })
  }
  const places: [string, string][] = [['', '']]
  if (domain !== '') places.push([domain, ''])
  if (project !== '') places.push([domain, project])
  return places.map(([ofDomain, ofProject]) =>
    create(SettingsKeySchema, { org, domain: ofDomain, project: ofProject }),
  )
}

/** What is set at a level; empty settings of version 0 if nothing is. */
export async function readLevel(documents: DocumentStore, key: SettingsKey): Promise<SettingsRecord> {
  const document = await documents.find(documentOf(key))
  const settings = fromBinary(SettingsSchema, document?.bytes ?? new Uint8Array())
  return create(SettingsRecordSchema, { key, settings, version: BigInt(document?.version ?? 0) })
}
