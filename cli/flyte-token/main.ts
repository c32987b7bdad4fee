/**
 * flyte-token: tokens for Flyte and for identity-aware proxies, on the command line.
 *
 * A command ends in one of two ways: with what was asked for on standard output and exit code 0, or with one sentence
 * on standard error and exit code 1.
 */
import { CommandError } from '../shared/failure.ts'
import { type Command, parseArguments } from './arguments.ts'
import type { Context } from './context.ts'
import { HELP_TEXT } from './help.ts'
import { printed } from './output.ts'
import { openTokenStore } from './store/token-store.ts'

export interface Surroundings {
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly out: (text: string) => void
  readonly say: (text: string) => void
  /** Aborted when somebody wants the command to end. */
  readonly interrupted: AbortSignal
}

/** Runs a command. Never rejects. @returns the exit code */
export async function flyteToken(surroundings: Surroundings): Promise<number> {
  try {
    const command = parseArguments(surroundings.argv)
    if (command.name === 'help') surroundings.out(HELP_TEXT.trimEnd())
    else await run(command, contextOf(command, surroundings))
    return 0
  } catch (error) {
    surroundings.say(error instanceof CommandError ? error.message : sentenceForTheUnforeseen(error))
    return 1
  }
}

async function run(command: Exclude<Command, { name: 'help' }>, context: Context): Promise<void> {
  switch (command.name) {
    case 'user-id-token': {
      const { userToken } = await import('./openid/user-token.ts')
      return context.out(printed(await userToken(command.options, context), command.shown))
    }
    case 'service-account-id-token': {
      const { serviceToken } = await import('./service/service-token.ts')
      return context.out(printed(await serviceToken(command.options, context), command.shown))
    }
    case 'list':
      return (await import('./kept.ts')).list(command.selection, command.json, context)
    case 'logout':
      return (await import('./kept.ts')).logout(command.selection, context)
  }
}

function contextOf(command: Command, surroundings: Surroundings): Context {
  const { platform, out, say, interrupted } = surroundings
  const environment = command.keyring
    ? surroundings.environment
    : { ...surroundings.environment, FLYTE_TOKEN_KEYRING: 'off' }
  return {
    environment,
    platform,
    store: openTokenStore({ environment, platform, onNotice: say }),
    now: Date.now,
    signal: deadline(command.timeoutSeconds, interrupted),
    out,
    say,
  }
}

/** Aborts when time is up, or when somebody wants the command to end, each with its own sentence. */
function deadline(seconds: number, interrupted: AbortSignal): AbortSignal {
  const controller = new AbortController()
  const timer = setTimeout(() => {
    const sentence = `Nobody signed in and nothing else came within ${seconds} seconds; run the command again, or give it longer with --timeout.`
    controller.abort(new CommandError('timed_out', sentence))
  }, seconds * 1000)
  timer.unref()
  const stop = () => controller.abort(new CommandError('interrupted', 'Interrupted.'))
  if (interrupted.aborted) stop()
  else interrupted.addEventListener('abort', stop, { once: true })
  return controller.signal
}

/** The name of the error only: its message may quote what was received. */
function sentenceForTheUnforeseen(error: unknown): string {
  const name = error instanceof Error && /^\w{1,60}$/.test(error.name) ? error.name : 'unknown'
  return `flyte-token failed in a way that it does not know (${name}).`
}
