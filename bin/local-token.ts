/** `npm run --silent token -- ada`: an access token for the stack on this machine, as the last line. */
import { printToken } from '../local/token.ts'

process.exitCode = await printToken(process.argv.slice(2))
