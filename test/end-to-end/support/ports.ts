import { reservePort } from '../../../local/listening.ts'

/** A port that is free, as is the one above it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const first = await reservePort(0)
    const second = await reservePort(first.port + 1).catch(() => undefined)
    await Promise.all([first.release(), second?.release()])
    if (second !== undefined) return first.port
  }
}
