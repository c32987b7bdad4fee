/** Keys and credentials that the benchmark signs for itself, and the documents that verify them. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

export const ISSUER = 'http://localhost:9/bench'
export const AUDIENCE = 'https://flyte.example.com'
export const SUBJECT = '00u1ada'
export const LOAD_BALANCER_ARN =
  'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/flyte/0123456789abcdef'
export const LOAD_BALANCER_CLIENT = 'flyte-console'
const ALB_KID = '12345678-1234-4234-8234-123456789012'

/** An hour from now: tokens outlive the benchmark. */
const EXPIRES = Math.floor(Date.now() / 1000) + 3600

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

export const rsaPrivateKeyPem = rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
export const rsaPublicKey = createPublicKey(createPrivateKey(rsaPrivateKeyPem))
export const ecPublicKey = ec.publicKey
export const ecPublicKeyPem = ec.publicKey.export({ format: 'pem', type: 'spki' }).toString()

export const jwks = {
  keys: [{ ...rsa.publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'RS256', use: 'sig' }],
}

/** What an issuer says about itself. */
export const issuerDocumentOf = (issuer: string) => ({
  issuer,
  jwks_uri: `${issuer}/jwks`,
  userinfo_endpoint: `${issuer}/userinfo`,
})

/** What an OpenID provider says about itself. */
export const openIdDocumentOf = (issuer: string) => ({
  ...issuerDocumentOf(issuer),
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
})

/** The keys of the session cookies, as their secret has them. */
export const cookieKeys = {
  cookie_hash_key: randomBytes(64).toString('base64'),
  cookie_block_key: randomBytes(32).toString('base64'),
}

export const userinfo = {
  sub: SUBJECT,
  name: 'Ada Lovelace',
  given_name: 'Ada',
  family_name: 'Lovelace',
  email: 'ada@example.com',
}

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const padded = (value: object) =>
  Buffer.from(JSON.stringify(value)).toString('base64').replaceAll('+', '-').replaceAll('/', '_')

/** An access token as Okta issues them: a subject, a client, scopes, and no profile. */
export function bearerTokenOf(issuer: string, id: string): string {
  return signed({
    iss: issuer,
    aud: AUDIENCE,
    sub: SUBJECT,
    cid: 'flytectl',
    scp: ['all', 'offline'],
    jti: id,
  })
}

/** An ID token of somebody who signed in. */
export const idToken = () => signed({ iss: ISSUER, aud: LOAD_BALANCER_CLIENT, sid: 'sid', ...userinfo })

function signed(claims: object): string {
  const times = { iat: EXPIRES - 3600, exp: EXPIRES }
  const input = `${base64url({ alg: 'RS256', typ: 'JWT', kid: 'bench' })}.${base64url({ ...claims, ...times })}`
  return `${input}.${sign('sha256', Buffer.from(input), rsa.privateKey).toString('base64url')}`
}

export const bearerToken = bearerTokenOf(ISSUER, 'bench')

/** The load balancer's signed identity, with its padding. */
export const albData = (() => {
  const header = {
    alg: 'ES256',
    kid: ALB_KID,
    signer: LOAD_BALANCER_ARN,
    iss: ISSUER,
    client: LOAD_BALANCER_CLIENT,
    exp: EXPIRES,
  }
  const input = `${padded(header)}.${padded({ ...userinfo, exp: EXPIRES, iss: ISSUER })}`
  const signature = sign('sha256', Buffer.from(input), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`
})()
