/** Every provider that `docs/identity-providers` has a recipe for. */
import { AUTH0 } from './auth0.ts'
import { COGNITO } from './cognito.ts'
import { DEX, DEX_WITHOUT_ITS_SETTING } from './dex.ts'
import { ENTRA, ENTRA_V1 } from './entra.ts'
import { GOOGLE, IDENTITY_PLATFORM } from './google.ts'
import { KEYCLOAK } from './keycloak.ts'
import { OKTA, OKTA_ORG } from './okta.ts'
import type { ProviderFixture } from './types.ts'

export type { Claims, ProviderFixture, TokenFixture } from './types.ts'
export { DEPLOYMENT, NOW_SECONDS } from './types.ts'

export const PROVIDERS: readonly ProviderFixture[] = [
  OKTA,
  OKTA_ORG,
  GOOGLE,
  IDENTITY_PLATFORM,
  ENTRA,
  ENTRA_V1,
  AUTH0,
  KEYCLOAK,
  COGNITO,
  DEX,
  DEX_WITHOUT_ITS_SETTING,
]
