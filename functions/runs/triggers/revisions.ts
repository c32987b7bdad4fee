/**
 * The earlier revisions of triggers: `TRIGGERREVISIONS#project#domain#task#name`, a document each, the last one first.
 * They are written once and never changed.
 */
import type { TriggerName } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import type { DocumentName, DocumentStore, StoredDocument } from '../../shared/stores/document-store.ts'

/** Counted down from here, so that what is read in the order of its name is read from the last one. */
const LAST_REVISION = 9_999_999_999

function collectionOf({ project, domain, taskName, name }: TriggerName): string[] {
  return ['TRIGGERREVISIONS', project, domain, taskName, name]
}

function documentOf(name: TriggerName, revision: number): DocumentName {
  const order = String(LAST_REVISION - revision).padStart(String(LAST_REVISION).length, '0')
  return { collection: collectionOf(name), name: [order] }
}

/** Keeps a revision that is about to be replaced. Kept again, it stays as it is. */
export async function keepRevision(
  documents: DocumentStore,
  name: TriggerName,
  { bytes, version }: StoredDocument,
): Promise<void> {
  await documents.write({ ...documentOf(name, version), bytes, replaces: 0 })
}

/** Reads one of the earlier revisions; undefined if it is not one of them. */
export async function findRevision(
  documents: DocumentStore,
  name: TriggerName,
  revision: number,
): Promise<StoredDocument | undefined> {
  if (revision < 1 || revision > LAST_REVISION) return undefined
  const document = await documents.find(documentOf(name, revision))
  return document && { ...document, version: revision }
}

/** Reads the revisions before one, the last of them first. */
export async function revisionsBefore(
  documents: DocumentStore,
  name: TriggerName,
  { revision, limit }: { revision: number; limit: number },
): Promise<StoredDocument[]> {
  const [after = ''] = documentOf(name, revision).name
  const from = { collection: collectionOf(name), startsWith: [] }
  const { documents: found } = await documents.list(from, { limit, after })
  return found.map((document) => ({ ...document, version: LAST_REVISION - Number(document.name[0]) }))
}
