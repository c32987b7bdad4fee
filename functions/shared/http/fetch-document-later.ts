/** {@link fetchDocument}, loaded when something is fetched: most calls are answered without, and TLS takes a while. */
import type { fetchDocument } from './fetch-document.ts'

/** Behaves as `fetchDocument` in every way, and costs a cold start nothing until it is used. */
export const fetchDocumentLater: typeof fetchDocument = async (url, options) => {
  const module = await import('./fetch-document.ts')
  return module.fetchDocument(url, options)
}
