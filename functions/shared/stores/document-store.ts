/** Small documents that are changed as a whole: what people configure, and few enough to be listed by name. */

/** Names a document: those of one collection are listed together. */
export interface DocumentName {
  readonly collection: readonly string[]
  readonly name: readonly string[]
}

export interface StoredDocument {
  readonly name: readonly string[]
  readonly bytes: Uint8Array
  /** 1 for the first, and one more with every change. */
  readonly version: number
}

export interface DocumentPage {
  /** In order of their names. */
  readonly documents: readonly StoredDocument[]
  readonly next: string | undefined
}

/** What is still stored. DynamoDB's limit is 400 KB for the whole of an item. */
export const MAX_DOCUMENT_BYTES = 300 * 1024

/**
 * The documents of a deployment. Failures are `ServiceError`s: `request_too_large`, `store_throttled`,
 * `store_unavailable`.
 */
export interface DocumentStore {
  /** Reads a document as it is now; undefined if there is none. */
  readonly find: (document: DocumentName) => Promise<StoredDocument | undefined>
  /**
   * Writes version `replaces + 1` of a document; `replaces` is 0 for a new one. False if somebody else was faster:
   * of two writes that replace the same version, one is carried out.
   */
  readonly write: (
    document: DocumentName & { readonly bytes: Uint8Array; readonly replaces: number },
  ) => Promise<boolean>
  /** Reads a page of a collection, or of those of its documents whose names start with these parts. */
  readonly list: (
    from: { readonly collection: readonly string[]; readonly startsWith: readonly string[] },
    page: { readonly limit: number; readonly after: string | undefined },
  ) => Promise<DocumentPage>
}
