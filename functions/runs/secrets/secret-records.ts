/**
 * What is recorded of secrets beside Secrets Manager: `SECRETS` / `domain#project#name`, with the type and the time.
 *
 * Lists are made from these records, for two reasons: `ListSecrets` cannot be limited to a prefix by a role, so that
 * the function would see the names of all secrets of the account, and it may be minutes behind, so that a person would
 * not see what they have just made. A secret that was put under the prefix by other means is used and can be asked
 * for by name, and is not listed.
 *
 * A removed secret leaves its record, marked with the request that removed it: a repetition of that request is told
 * from somebody else's, and a secret of the same name that is made later knows that there was one.
 */
import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import {
  OverallStatus,
  type Secret,
  SecretSchema,
  SecretType,
} from '@flyteorg/flyteidl2/flyteidl2/secret/definition_pb.ts'
import type { EpochMs } from '../../shared/clock.ts'
import type { DocumentName, DocumentStore, StoredDocument } from '../../shared/stores/document-store.ts'
import { changeDocument } from '../change-document.ts'
import type { SecretPlace } from './secret-place.ts'

export interface SecretRecord {
  readonly type: SecretType
  readonly createdAtMs: EpochMs
  /** The request that removed the secret; undefined while it is there. */
  readonly removedBy?: string
}

/** The documents that hold the records. */
export const SECRETS_COLLECTION: readonly string[] = ['SECRETS']

function documentOf({ domain, project, name }: SecretPlace): DocumentName {
  return { collection: SECRETS_COLLECTION, name: [domain, project, name] }
}

/** Reads a record out of its document; undefined if there is none that can be read. */
export function recordIn(document: StoredDocument | undefined): SecretRecord | undefined {
  if (document === undefined) return undefined
  try {
    return JSON.parse(Buffer.from(document.bytes).toString('utf8')) as SecretRecord
  } catch {
    return undefined
  }
}

/** Reads the record of a secret; undefined if there never was one. */
export async function findRecord(
  documents: DocumentStore,
  place: SecretPlace,
): Promise<SecretRecord | undefined> {
  return recordIn(await documents.find(documentOf(place)))
}

/** Writes a record, made from the one that is there; nothing if `change` gives that one, or undefined. */
export async function changeRecord(
  documents: DocumentStore,
  place: SecretPlace,
  change: (current: SecretRecord | undefined) => SecretRecord | undefined,
): Promise<void> {
  await changeDocument(documents, documentOf(place), (document) => {
    const current = recordIn(document)
    const changed = change(current)
    return changed === undefined || changed === current ? undefined : Buffer.from(JSON.stringify(changed))
  })
}

/** A secret as clients see it: there is one place for secrets, and it is there. */
export function secretMessage(
  { domain, project, name }: SecretPlace,
  organization: string,
  { type, createdAtMs }: Pick<SecretRecord, 'type' | 'createdAtMs'>,
): Secret {
  return create(SecretSchema, {
    id: { name, organization, domain, project },
    secretMetadata: {
      createdTime: timestampFromMs(createdAtMs),
      secretStatus: { overallStatus: OverallStatus.FULLY_PRESENT },
      type: type in SecretType ? type : SecretType.GENERIC,
    },
  })
}
