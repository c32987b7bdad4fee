/** The userinfo endpoint, asked with a person's access token as the functions do. */
import { type Finding, findingsIn } from './finding.ts'
import { isApplication } from './principal.ts'
import { failureSentence, isSecureUrl, type JsonObject, readJson } from './read-json.ts'

const found = findingsIn('Sample token')
const LIMITS = { timeoutMs: 3_000, maxBytes: 64 * 1024 }
const JSON_TYPE = /^application\/json *(;|$)/i
const NAMES = ['email', 'given_name', 'family_name']

/** Asks once, for a person's token only; an application has no userinfo. */
export async function checkUserinfo(options: {
  readonly token: string
  readonly claims: JsonObject
  readonly metadata: JsonObject
  readonly issuer: string
}): Promise<readonly Finding[]> {
  const { token, claims, metadata, issuer } = options
  const url = metadata.userinfo_endpoint
  if (!isSecureUrl(url) || isApplication(claims, issuer)) return []
  const answer = await readJson(url, { ...LIMITS, headers: { authorization: `Bearer ${token}` } })
  if (answer.kind === 'failure') {
    return [
      found(
        'userinfo',
        'advice',
        `Userinfo ${failureSentence(answer)} with this token: runs would record what the token says and no more.`,
        'Ask for the scopes openid, profile and email; where that cannot help (Entra ID), put the claims into the token.',
      ),
    ]
  }
  if (!JSON_TYPE.test(answer.contentType)) {
    return [
      found(
        'userinfo',
        'advice',
        'Userinfo does not answer with application/json: a signed answer is not read.',
        "Switch signed userinfo off for the SDK's client.",
      ),
    ]
  }
  return [subjectFinding(answer.value, claims), namesFinding(answer.value)]
}

function subjectFinding({ sub }: JsonObject, claims: JsonObject): Finding {
  const isSame = typeof sub === 'string' && (sub === claims.sub || sub === claims.uid)
  if (isSame) {
    return found(
      'userinfo',
      'ok',
      sub === claims.sub
        ? 'Userinfo answers for the same subject.'
        : 'Userinfo answers for the same person, by the id in uid; that id is recorded.',
    )
  }
  return found(
    'userinfo',
    'advice',
    'Userinfo answers for another subject than the token, so its answer is left unread.',
    'If access tokens of this provider name the client and not the person, set runs.userinfoSubject to adopt.',
  )
}

function namesFinding(userinfo: JsonObject): Finding {
  const missing = NAMES.filter((name) => typeof userinfo[name] !== 'string' || userinfo[name] === '')
  return missing.length === 0
    ? found('userinfo-names', 'ok', 'It tells e-mail, given name and family name.')
    : found(
        'userinfo-names',
        'advice',
        `It does not tell ${missing.join(', ')}.`,
        'Ask for the scopes profile and email, and fill these fields in at the provider.',
      )
}
