/** `npm run --silent client-secret -- add flytepropeller`: the secrets of confidential clients. */
import { clientSecret } from '../cli/client-secret/main.ts'

process.exitCode = await clientSecret(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
})
