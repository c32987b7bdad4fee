/** What our access tokens say beyond RFC 9068. */
import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider'
import type { Profile } from '../../shared/identity/caller.ts'
import { userInfoClaims } from '../accounts.ts'

/**
 * `scp` is the scope as a list and `user_info` is the person, as clients of Flyte 1 read them; `sid` is the same in
 * all tokens of one sign-in. An application's token has no person in it.
 */
export async function extraClaims(
  ctx: KoaContextWithOIDC,
  token: AccessToken | ClientCredentials,
): Promise<Record<string, unknown>> {
  const scp = [...token.scopes].filter((scope) => scope !== '')
  if (token.kind !== 'AccessToken') return { scp }
  const { accountId, grantId } = token as AccessToken
  return {
    scp,
    sid: grantId,
    user_info: { subject: accountId, ...userInfoClaims(profileOf(ctx)) },
  }
}

/** The person was looked up for this request already, to see that there is one. */
function profileOf({ oidc }: KoaContextWithOIDC): Profile {
  return (oidc.entities.Account?.profile as Profile | undefined) ?? {}
}
