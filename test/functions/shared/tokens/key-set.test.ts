import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ServiceError } from '../../../../functions/shared/errors.ts'
import { fetchDocument } from '../../../../functions/shared/http/fetch-document.ts'
import { createIssuerMetadata } from '../../../../functions/shared/tokens/issuer-metadata.ts'
import {
  createKeySet,
  type KeySet,
  UNKNOWN_KEY_COOL_DOWN_MS,
} from '../../../../functions/shared/tokens/key-set.ts'
import {
  broken,
  html,
  json,
  newIssuerKey,
  startTestIssuer,
  type TestIssuer,
} from '../../../support/test-issuer.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

let provider: TestIssuer
let nowMs: number
let keys: KeySet

beforeEach(async () => {
  provider = await startTestIssuer()
  nowMs = 1_800_000_000_000
  keys = keySet(null)
})
afterEach(() => provider.close())

function keySet(jwksUri: string | null): KeySet {
  const now = () => nowMs
  const metadata = createIssuerMetadata({ fetch: fetchDocument, now })
  return createKeySet({ issuer: provider.issuer, jwksUri }, { fetch: fetchDocument, metadata, now })
}

/** The id of the key that was found, or the reason why none was. */
async function find(kid: string | undefined = provider.key.kid, set = keys): Promise<string | undefined> {
  try {
    return (await set.find({ kid, algorithm: 'RS256' })).kid
  } catch (error) {
    if (error instanceof ServiceError) return error.reason
    throw error
  }
}

describe('the keys of an issuer', () => {
  it('are found where its metadata says', async () => {
    expect(await find()).toBe(provider.key.kid)
    expect(provider.asked).toMatchObject({ metadata: 1, jwks: 1 })
  })

  it('are found at a configured address without its metadata', async () => {
    expect(await find(undefined, keySet(`${provider.issuer}/keys`))).toBe(provider.key.kid)
    expect(provider.asked).toMatchObject({ metadata: 0, jwks: 1 })
  })

  it('are fetched once for many callers at once', async () => {
    const found = await Promise.all(Array.from({ length: 50 }, () => find()))
    expect(new Set(found)).toEqual(new Set([provider.key.kid]))
    expect(provider.asked.jwks).toBe(1)
  })

  it('are given at once when they are known', async () => {
    await find()
    expect(keys.find({ kid: provider.key.kid, algorithm: 'RS256' })).not.toBeInstanceOf(Promise)
  })

  it('are kept for ten minutes, then fetched again', async () => {
    await find()
    nowMs += 10 * MINUTE_MS - 1
    await find()
    expect(provider.asked.jwks).toBe(1)
    nowMs += 1
    await find()
    expect(provider.asked.jwks).toBe(2)
  })

  it('no longer include one that was withdrawn, ten minutes later', async () => {
    await find()
    provider.keys = [(await newIssuerKey('RS256', 'next')).publicJwk]
    nowMs += 10 * MINUTE_MS
    expect(await find()).toBe('token_key_unknown')
  })

  it('include a new one as soon as a token is signed with it', async () => {
    await find()
    provider.keys = [...provider.keys, (await newIssuerKey('RS256', 'next')).publicJwk]
    expect(await find('next')).toBe('next')
    expect(provider.asked.jwks).toBe(2)
  })

  it('include a new one for all who ask at once, with one question', async () => {
    await find()
    provider.keys = [(await newIssuerKey('RS256', 'next')).publicJwk]
    const found = await Promise.all(Array.from({ length: 20 }, () => find('next')))
    expect(new Set(found)).toEqual(new Set(['next']))
    expect(provider.asked.jwks).toBe(2)
  })

  it('cost one question in half a minute however many unknown ids are tried', async () => {
    await find()
    for (let attempt = 0; attempt < 50; attempt += 1) {
      expect(await find(`made-up-${attempt}`)).toBe('token_key_unknown')
    }
    expect(provider.asked.jwks).toBe(2)
    nowMs += UNKNOWN_KEY_COOL_DOWN_MS
    await find('made-up')
    expect(provider.asked.jwks).toBe(3)
  })

  it('are still found by id while unknown ids are refused', async () => {
    await find('made-up')
    expect(await find()).toBe(provider.key.kid)
  })

  it('stay in use while the provider is down', async () => {
    await find()
    provider.answers.jwks = broken
    nowMs += HOUR_MS
    expect(await find()).toBe(provider.key.kid)
  })

  it('are asked for now and then while the provider is down, not at every call', async () => {
    await find()
    provider.answers.jwks = broken
    nowMs += HOUR_MS
    for (let call = 0; call < 20; call += 1) await find()
    expect(provider.asked.jwks).toBe(2)
    nowMs += MINUTE_MS
    await find()
    expect(provider.asked.jwks).toBe(3)
  })

  it('are the new ones as soon as the provider is back', async () => {
    await find()
    provider.answers.jwks = broken
    nowMs += HOUR_MS
    await find()
    provider.answers.jwks = json({ keys: [(await newIssuerKey('RS256', 'next')).publicJwk] })
    nowMs += MINUTE_MS
    expect(await find('next')).toBe('next')
  })

  it('are not used any more when the provider has been down for a day', async () => {
    await find()
    provider.answers.jwks = broken
    nowMs += 24 * HOUR_MS
    expect(await find()).toBe('keys_unavailable')
  })

  it('cannot be called unknown while the provider is down', async () => {
    await find()
    provider.answers.jwks = broken
    expect(await find('next')).toBe('keys_unavailable')
    expect(await find('next')).toBe('keys_unavailable')
    expect(provider.asked.jwks).toBe(2)
  })
})

describe('a key set is unavailable', () => {
  const faults: Record<string, () => void> = {
    'when the provider fails': () => {
      provider.answers.jwks = broken
    },
    'when it is a web page': () => {
      provider.answers.jwks = html
    },
    'when it does not exist': () => {
      provider.answers.jwks = json({}, 404)
    },
    'when it is a redirect': () => {
      provider.answers.jwks = (_request, response) =>
        void response.writeHead(302, { location: `${provider.issuer}/other` }).end()
    },
    'when it is a list': () => {
      provider.answers.jwks = json([])
    },
    'when it has no keys': () => {
      provider.answers.jwks = json({ keys: [] })
    },
    'when its keys are no list': () => {
      provider.answers.jwks = json({ keys: {} })
    },
    'when none of its keys can verify': () => {
      provider.answers.jwks = json({
        keys: [null, 7, {}, { kty: 'oct', k: 'c2VjcmV0', kid: provider.key.kid }],
      })
    },
    'when it has too many keys': () => {
      provider.answers.jwks = json({ keys: Array.from({ length: 101 }, () => provider.key.publicJwk) })
    },
    'when it is larger than 150 KiB': () => {
      provider.answers.jwks = json({ keys: [provider.key.publicJwk], padding: 'x'.repeat(150 * 1024) })
    },
    'when the connection breaks': () => {
      provider.answers.jwks = (request) => void request.socket.destroy()
    },
    'when the metadata is that of another issuer': () => {
      provider.answers.metadata = json({
        issuer: 'https://elsewhere.example',
        jwks_uri: `${provider.issuer}/keys`,
      })
    },
    'when the metadata does not say where it is': () => {
      provider.answers.metadata = json({ issuer: provider.issuer })
    },
    'when the metadata sends us to an insecure address': () => {
      provider.answers.metadata = json({ issuer: provider.issuer, jwks_uri: 'http://keys.example/keys' })
    },
    'when the metadata sends us to a file': () => {
      provider.answers.metadata = json({ issuer: provider.issuer, jwks_uri: 'file:///etc/passwd' })
    },
  }
  for (const [name, fault] of Object.entries(faults)) {
    it(name, async () => {
      fault()
      expect(await find()).toBe('keys_unavailable')
    })
  }

  it('and the next call soon after does not ask again', async () => {
    provider.answers.jwks = broken
    await find()
    await find()
    expect(provider.asked.jwks).toBe(1)
  })
})
