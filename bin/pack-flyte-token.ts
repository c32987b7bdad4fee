/** `npm pack ./cli/flyte-token`: makes what is in the package. */
import { packFlyteToken } from '../cli/flyte-token/pack.ts'

await packFlyteToken()
