/** Changing a document that others may change at the same time. */
import { ServiceError } from '../shared/errors.ts'
import type { DocumentName, DocumentStore, StoredDocument } from '../shared/stores/document-store.ts'

const MAX_TRIES = 5

/**
 * Replaces a document by what `change` makes of it, and makes it again from the newer one if somebody else was
 * faster. Nothing is written if `change` gives back undefined.
 *
 * @param beforeReplacing Is given what is about to be replaced; it may be replaced by somebody else after all.
 * @throws {ServiceError} `document_changed` after five tries, and what `change` throws.
 */
export async function changeDocument(
  documents: DocumentStore,
  name: DocumentName,
  change: (current: StoredDocument | undefined) => Uint8Array | undefined,
  beforeReplacing: (current: StoredDocument) => Promise<void> = async () => {},
): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const current = await documents.find(name)
    const bytes = change(current)
    if (bytes === undefined) return
    if (current) await beforeReplacing(current)
    if (await documents.write({ ...name, bytes, replaces: current?.version ?? 0 })) return
  }
  throw new ServiceError('document_changed')
}
