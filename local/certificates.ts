/**
 * A certificate authority of this machine, for `npm start -- --tls` and for the https names that stand
 * for AWS's and the identity provider's.
 */
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import * as x509 from '@peculiar/x509'
import { readOrMakeJson, writePrivately } from './data-directory.ts'

/** A certificate with its key, both PEM. */
export interface Credentials {
  readonly cert: string
  readonly key: string
}

export interface CertificateAuthority {
  /** The authority's own certificate, PEM. */
  readonly certificate: string
  /** The file it is in, for clients to trust; null when it is kept in memory only. */
  readonly file: string | null
  /** A certificate for these host names and addresses, valid for {@link LEAF_DAYS} days. */
  issue(names: readonly string[]): Promise<Credentials>
}

const AUTHORITY_DAYS = 3650
/** How long a leaf is valid, in days: the longest that browsers and Apple's systems accept is 398 (825 for private ones). */
const LEAF_DAYS = 365
const DAY_MS = 86_400_000
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/**
 * The authority kept in a folder, made when it is not there yet.
 *
 * Its key is readable by the owner only: whoever has it can pretend to be any site to those who trust it.
 *
 * @param directory null keeps everything in memory.
 */
export async function certificateAuthority(
  directory: string | null,
  now: () => number = Date.now,
): Promise<CertificateAuthority> {
  x509.cryptoProvider.set(webcrypto)
  const credentials = await readOrMakeJson(directory && join(directory, 'ca-key.json'), () =>
    makeAuthority(now()),
  )
  const file = directory && join(directory, 'ca.pem')
  if (file) await writePrivately(file, credentials.cert)
  return {
    certificate: credentials.cert,
    file,
    issue: (names) => issue({ authority: credentials, names, nowMs: now() }),
  }
}

/**
 * Lets everything in this process trust what the authority certified, beside all that it trusts already: where the
 * stack serves https, its load balancer reads keys at its own address.
 */
export function trustAuthority(certificate: string): void {
  const trusted = getCACertificates('default')
  if (!trusted.includes(certificate)) setDefaultCACertificates([...trusted, certificate])
}

async function makeAuthority(nowMs: number): Promise<Credentials> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=flyte-serverless on this machine',
    keys,
    signingAlgorithm: ALGORITHM,
    serialNumber: serialNumber(),
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + AUTHORITY_DAYS * DAY_MS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: certificate.toString('pem'), key: await exportKey(keys.privateKey) }
}

async function issue(options: {
  authority: Credentials
  names: readonly string[]
  nowMs: number
}): Promise<Credentials> {
  const { authority, names, nowMs } = options
  const issuer = new x509.X509Certificate(authority.cert)
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${names[0] ?? ''}`,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: ALGORITHM,
    serialNumber: serialNumber(),
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + LEAF_DAYS * DAY_MS),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map(alternativeName)),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  })
  return { cert: certificate.toString('pem'), key: await exportKey(keys.privateKey) }
}

function alternativeName(name: string): x509.JsonGeneralName {
  return { type: /^[\d.]+$|:/.test(name) ? 'ip' : 'dns', value: name }
}

/** A positive random serial number of 128 bits (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  return `01${Buffer.from(bytes).toString('hex')}`
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign'])
}
