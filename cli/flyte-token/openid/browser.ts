/** Opening a browser. */
import { spawn } from 'node:child_process'
import { findCommand } from '../../shared/child-command.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Opens an address, if there is a browser to be found: the one that `BROWSER` names (`%s` stands for the address), or
 * the one of the desktop. No shell is involved, and nobody waits for it to end.
 *
 * @returns whether one was started; it may fail all the same.
 */
export function openBrowser(
  address: string,
  options: { environment: Environment; platform: string },
): boolean {
  const command = browserCommand(address, options)
  if (command === undefined) return false
  const [name = '', ...args] = command
  const child = spawn(name, args, {
    stdio: 'ignore',
    detached: true,
    env: { ...options.environment } as NodeJS.ProcessEnv,
  })
  child.once('error', () => undefined)
  child.unref()
  return true
}

function browserCommand(
  address: string,
  { environment, platform }: { environment: Environment; platform: string },
): readonly string[] | undefined {
  const named = environment.BROWSER?.trim()
  if (named) {
    const words = named.replace(/\s*&$/, '').split(/\s+/)
    return words.includes('%s') ? words.map((word) => (word === '%s' ? address : word)) : [...words, address]
  }
  if (platform === 'darwin') return ['open', address]
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', address]
  const hasScreen = Boolean(environment.DISPLAY || environment.WAYLAND_DISPLAY)
  const opener = hasScreen ? findCommand('xdg-open', environment.PATH) : undefined
  return opener === undefined ? undefined : [opener, address]
}
