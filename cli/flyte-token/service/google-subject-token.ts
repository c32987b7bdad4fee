/** The token of another platform that workload identity federation starts from: in a file, or at an address. */
import { readFile } from 'node:fs/promises'
import { CommandError, systemCode } from '../../shared/failure.ts'
import { jsonObject, requestJson } from '../../shared/http.ts'
import type { Context } from '../context.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads it as `credential_source` of the configuration says.
 *
 * @throws {CommandError} `credentials_unusable`; also for sources that would run a command or sign a request.
 */
export async function readSubjectToken(source: unknown, { signal }: Context): Promise<string> {
  const { file, url, headers, format } = (source ?? {}) as Fields
  if (typeof file === 'string') return pick(await fromFile(file), format)
  if (typeof url === 'string' && /^https?:\/\//.test(url)) {
    const who = 'the address that the key file names'
    const answer = await requestJson(url, { headers: plainHeaders(headers), signal, who })
    if (answer.status === 200) return pick(answer.text, format)
    throw unusable('The address that the key file names gave no token.')
  }
  throw unusable(
    'The key file names a kind of credential source that is not read here: only file and url are.',
  )
}

async function fromFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw unusable(
      `The file that the key file names cannot be read (${systemCode(cause) ?? 'error'}).`,
      cause,
    )
  }
}

function pick(text: string, format: unknown): string {
  const { type, subject_token_field_name: name } = (format ?? {}) as Fields
  const value = type === 'json' ? jsonObject(text)?.[String(name)] : text.trim()
  if (typeof value === 'string' && value !== '') return value
  throw unusable('What the key file names holds no token.')
}

function plainHeaders(headers: unknown): Record<string, string> {
  const entries = Object.entries((headers ?? {}) as Fields)
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

function unusable(sentence: string, cause?: unknown): CommandError {
  return new CommandError('credentials_unusable', sentence, { cause })
}
