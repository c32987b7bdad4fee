/**
 * Triggers as documents: `TRIGGERS#project#domain` / `task#name`, a `flyteidl2.trigger.TriggerDetails` each. A
 * trigger that was deleted stays, marked with the time, so that its revisions go on if it is deployed again.
 *
 * The revision of a trigger is the version of its document. Before a newer one is written, the one that it replaces is
 * kept under its number (`revisions.ts`): whichever writer gets there writes the same, and none is ever missing.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import type { TriggerName } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import type { EnrichedIdentity } from '@flyteorg/flyteidl2/flyteidl2/common/identity_pb.ts'
import type { TriggerAutomationSpec } from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import {
  type TriggerDetails,
  TriggerDetailsSchema,
  type TriggerSpec,
} from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_definition_pb.ts'
import type { EpochMs } from '../../shared/clock.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { DocumentName, DocumentStore, StoredDocument } from '../../shared/stores/document-store.ts'
import { changeDocument } from '../change-document.ts'
import { keepRevision } from './revisions.ts'

/** `offloaded_input_data`, which is newer than our generated code, by its number in `TriggerSpec`. */
export const OFFLOADED_IN_TRIGGER = 7

/** Whoever changes a trigger, and when. */
export interface Change {
  readonly by: EnrichedIdentity
  readonly atMs: EpochMs
}

/** What is deployed as a trigger. */
export interface TriggerToDeploy {
  readonly name: TriggerName
  readonly spec: TriggerSpec
  readonly automationSpec: TriggerAutomationSpec | undefined
  /** The revision that this one is to replace; 0 for whichever there is. */
  readonly replaces: number
}

/** Where a trigger is kept. The organization is no part of it. */
export function documentOf({ project, domain, taskName, name }: TriggerName): DocumentName {
  return { collection: collectionOf({ project, domain }), name: [taskName, name] }
}

export function collectionOf({ project, domain }: { project: string; domain: string }): string[] {
  return ['TRIGGERS', project, domain]
}

/** Reads a trigger back; undefined if it was deleted. */
export function readTrigger(document: StoredDocument, org: string): TriggerDetails | undefined {
  const details = readRevision(document, org)
  return details.status?.deletedAt || details.id?.name === undefined ? undefined : details
}

/** Reads a trigger back as it was in a version, deleted or not. */
export function readRevision({ bytes, version }: StoredDocument, org: string): TriggerDetails {
  const details = fromBinary(TriggerDetailsSchema, bytes)
  if (details.id?.name) details.id.name.org = org
  if (details.id) details.id.revision = BigInt(version)
  return details
}

/** Reads one trigger; undefined if there is none. */
export async function findTrigger(
  documents: DocumentStore,
  name: TriggerName,
): Promise<TriggerDetails | undefined> {
  const document = await documents.find(documentOf(name))
  return document && readTrigger(document, name.org)
}

/**
 * Deploys a trigger as its next revision; one that is there just like that stays as it is.
 *
 * @throws {ServiceError} `document_changed` if it was to replace a revision that is not the last one.
 */
export async function deployTrigger(
  documents: DocumentStore,
  { name, spec, automationSpec, replaces }: TriggerToDeploy,
  { by, atMs }: Change,
): Promise<void> {
  await changeTriggerDocument(documents, name, (current) => {
    const before = current && readTrigger(current, '')
    const at = timestampFromMs(atMs)
    const details = create(TriggerDetailsSchema, {
      id: { name: { ...name, org: '' }, revision: 0n },
      spec,
      automationSpec,
      description: spec.description,
      metadata: { deployedBy: by, updatedBy: by },
      status: { deployedAt: before?.status?.deployedAt ?? at, updatedAt: at },
    })
    if (before && isSame(before, details)) return undefined
    if (before && replaces > 0 && replaces !== current.version) throw new ServiceError('document_changed')
    return toBinary(TriggerDetailsSchema, details)
  })
}

/** Whether two triggers do the same. */
function isSame(one: TriggerDetails, other: TriggerDetails): boolean {
  const [a, b] = [one, other].map(({ spec, automationSpec }) =>
    toBinary(TriggerDetailsSchema, create(TriggerDetailsSchema, { spec, automationSpec })),
  )
  return Buffer.compare(a as Uint8Array, b as Uint8Array) === 0
}

/** Changes a trigger; false if there is none. `change` gives back whether there is anything to write. */
export async function changeTrigger(
  documents: DocumentStore,
  name: TriggerName,
  change: (details: TriggerDetails) => boolean,
): Promise<boolean> {
  let found = false
  await changeTriggerDocument(documents, name, (current) => {
    const details = current && readTrigger(current, '')
    found = details !== undefined
    if (details?.id === undefined || !change(details)) return undefined
    details.id.revision = 0n
    return toBinary(TriggerDetailsSchema, details)
  })
  return found
}

async function changeTriggerDocument(
  documents: DocumentStore,
  name: TriggerName,
  change: (current: StoredDocument | undefined) => Uint8Array | undefined,
): Promise<void> {
  const keep = (current: StoredDocument) => keepRevision(documents, name, current)
  await changeDocument(documents, documentOf(name), change, keep)
}
