/** A `{{resolve:…}}` reference of a template. */
export type DynamicReference =
  | {
      readonly service: 'secretsmanager'
      /** Name or ARN. */
      readonly secretId: string
      /** The key to read of a JSON secret; absent for the whole string. */
      readonly jsonKey?: string
      readonly versionStage?: string
      readonly versionId?: string
    }
  | { readonly service: 'ssm' | 'ssm-secure'; readonly name: string; readonly version?: string }

const REFERENCE = /\{\{resolve:(secretsmanager|ssm|ssm-secure):([^{}]+)\}\}/g
// A secret's ARN has colons of its own, so the fields are counted from the word SecretString on.
const SECRET = /^(.+?):SecretString(?::([^:]*))?(?::([^:]*))?(?::([^:]*))?$/

/**
 * Replaces every dynamic reference in a text with what `lookUp` gives for it. `lookUp` returns the secret or
 * parameter as stored; a JSON key is taken out of it here.
 *
 * @throws {TypeError} for a reference that is not well-formed, or a JSON key the secret does not have
 */
export async function replaceDynamicReferences(
  text: string,
  lookUp: (reference: DynamicReference) => string | Promise<string>,
): Promise<string> {
  if (!text.includes('{{resolve:')) return text
  const parts: string[] = []
  let from = 0
  for (const match of text.matchAll(REFERENCE)) {
    const reference = parseReference(match[1] ?? '', match[2] ?? '')
    parts.push(text.slice(from, match.index), readKey(await lookUp(reference), reference))
    from = match.index + match[0].length
  }
  return [...parts, text.slice(from)].join('')
}

function parseReference(service: string, rest: string): DynamicReference {
  if (service !== 'secretsmanager') {
    const [name = '', version] = rest.split(':')
    return { service: service as 'ssm' | 'ssm-secure', name, version }
  }
  const [, id, jsonKey, versionStage, versionId] = SECRET.exec(rest) ?? []
  // A reference may also be nothing but the id: then it is the whole current string.
  const secretId = id ?? rest
  return {
    service,
    secretId,
    jsonKey: jsonKey || undefined,
    versionStage: versionStage || undefined,
    versionId: versionId || undefined,
  }
}

function readKey(stored: string, reference: DynamicReference): string {
  if (reference.service !== 'secretsmanager' || reference.jsonKey === undefined) return stored
  const value = parseSecret(stored)[reference.jsonKey]
  if (typeof value !== 'string') throw new TypeError('a secret does not have the JSON key a reference names')
  return value
}

function parseSecret(stored: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(stored)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    // The parser's own message would quote the secret.
    return {}
  }
}
