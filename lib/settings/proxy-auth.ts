/** `auth.proxyAuth`: an identity-aware proxy in front of the deployment, and whose tokens it passes on. */
import { type CrossCheck, problemIf } from './cross-check.ts'
import type { TrustedIssuer } from './function-settings.ts'
import type { SettingsFile } from './schema.ts'

const PATH = 'auth.proxyAuth'

/** What functions are told of it; nothing where the setting is absent, and then they do not read its header. */
export function proxyAuthForFunctions({ auth }: Pick<SettingsFile, 'auth'>): {
  readonly proxyAuth?: { readonly header: string; readonly issuers: readonly TrustedIssuer[] }
} {
  if (auth.proxyAuth === undefined) return {}
  const issuers = auth.proxyAuth.issuers.map(
    ({ issuer, jwksUri = null, algorithms, allowedAudience, audienceClaim = 'aud' }): TrustedIssuer => ({
      issuer,
      jwksUri,
      algorithms,
      audiences: allowedAudience,
      audienceClaim,
    }),
  )
  return { proxyAuth: { header: auth.proxyAuth.header.toLowerCase(), issuers } }
}

/** An issuer has one set of rules. */
export const proxyIssuers: CrossCheck = {
  reads: [PATH],
  run: ({ auth }) => {
    const names = (auth.proxyAuth?.issuers ?? []).map(({ issuer }) => issuer)
    return names.flatMap((name, index) =>
      problemIf(
        names.indexOf(name) !== index,
        `${PATH}.issuers.${index}.issuer`,
        'is listed before; give the first entry every audience, and remove this one',
      ),
    )
  },
}
