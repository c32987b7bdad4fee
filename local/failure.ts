/** What a start that failed is told to whoever started it: one sentence that says what to do. */
import { TemplateError } from './alb/index.ts'
import { TableShapeError } from './aws/dynamodb.ts'
import { UsageError } from './command-line.ts'
import { CustomResourceError } from './custom-resources.ts'
import { DataInUseError } from './data-lock.ts'
import { ListenError } from './listening.ts'
import { ProviderError } from './provider-description.ts'

const PROVIDER_SENTENCES: Readonly<Record<ProviderError['reason'], string>> = {
  unreachable: 'The identity provider does not answer; check the URL after --provider and your network.',
  no_document:
    'The identity provider has no discovery document; give --provider its issuer, without /.well-known.',
  incomplete:
    "The identity provider's discovery document lacks an endpoint that signing in needs; use another one.",
  issuer_mismatch:
    'The identity provider calls itself by another URL; give --provider the "issuer" of its discovery document.',
}

/**
 * The sentence for a failure that has a way out, or undefined for one that is a fault of this program.
 *
 * @param port What `--port` was, to tell the stack's own port from the identity provider's.
 */
export function sentenceFor(error: unknown, port: number): string | undefined {
  if (error instanceof UsageError) return error.message
  if (error instanceof ListenError) return portSentence(error, port)
  if (error instanceof ProviderError) return PROVIDER_SENTENCES[error.reason]
  if (error instanceof TableShapeError) {
    return 'The data folder was made by another version of the stack; give --data another folder, or delete this one.'
  }
  if (error instanceof TemplateError)
    return `The template cannot be run: ${error.message}. Correct it in lib/.`
  if (error instanceof CustomResourceError)
    return `The deployment stopped at ${error.logicalId}: its function failed; see the log, or start with --verbose.`
  // These two come from lib/, which is loaded only when there is something to synthesize.
  if (error instanceof Error && error.name === 'SettingsError') return error.message
  if (error instanceof Error && error.name === 'BundleError') {
    return `The functions cannot be bundled: ${error.message}`
  }
  if (error instanceof DataInUseError) {
    return `The data folder is in use; stop the stack that was started with it, or delete ${error.file} if there is none.`
  }
  return undefined
}

function portSentence(error: ListenError, port: number): string {
  const what = error.port === port ? '' : ', which the identity provider needs (one above --port)'
  if (error.code === 'EACCES')
    return `Port ${error.port}${what} may not be opened; choose one above 1023 with --port.`
  return `Port ${error.port}${what} is taken; stop what listens there, or choose another one with --port.`
}
