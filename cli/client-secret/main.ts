/**
 * `npm run client-secret`: makes, retires and removes the secrets of confidential clients.
 *
 * A filter: the document of hashes comes in and goes out again, so that it works with every way to reach Secrets
 * Manager and needs no credentials itself. A secret that is made is shown once, to the person and not to the pipe.
 */
import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import {
  addSecret,
  DocumentError,
  type HashDocument,
  parseHashDocument,
  removeSecrets,
  retireSecrets,
} from './document.ts'

/** Where the command reads and writes; a test has its own. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: (text: string) => void
  /** For the person at the terminal. */
  readonly stderr: (text: string) => void
}

export const HELP = `Changes the document with the hashes of clients' secrets, which the output ClientSecretsName
names: it is read from standard input and written to standard output.

  npm run --silent client-secret -- add ID       makes a secret and shows it once; the one before stays good
  npm run --silent client-secret -- retire ID    leaves the newest secret of the client alone
  npm run --silent client-secret -- remove ID    takes all of them away

With the AWS command line:

  aws secretsmanager get-secret-value --secret-id NAME --query SecretString --output text \\
    | npm run --silent client-secret -- add flytepropeller > clients.json
  aws secretsmanager put-secret-value --secret-id NAME --secret-string file://clients.json

The authorization server reads it again within five minutes.
`

const SECRET_BYTES = 32
const CLIENT_ID = /^[\w.~-]{1,128}$/

type Command = (document: HashDocument, clientId: string, io: Io) => HashDocument | Promise<HashDocument>

const COMMANDS: Readonly<Record<string, Command>> = {
  async add(document, clientId, { stderr }) {
    const secret = randomBytes(SECRET_BYTES).toString('base64url')
    const changed = await addSecret(document, clientId, secret)
    stderr(`The new secret of ${clientId}, shown this once:\n\n  ${secret}\n\n`)
    return changed
  },
  retire: retireSecrets,
  remove: removeSecrets,
}

/** The command. @returns the exit code: 0 if the document was written, else 1 */
export async function clientSecret(argv: readonly string[], io: Io): Promise<number> {
  const [name = '', clientId = '', ...more] = argv
  if (name === '--help' || name === '-h') {
    io.stdout(HELP)
    return 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined || !CLIENT_ID.test(clientId) || more.length > 0) {
    io.stderr('Say what to do and for which client, such as "add flytepropeller". See --help.\n')
    return 1
  }
  if (io.stdin.isTTY) {
    io.stderr('The document is read from standard input: pipe it in. See --help.\n')
    return 1
  }
  try {
    const document = await command(parseHashDocument(await text(io.stdin)), clientId, io)
    io.stdout(`${JSON.stringify(document, null, 2)}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    io.stderr(`${error.message}\n`)
    return 1
  }
}
