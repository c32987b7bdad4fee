import { Code, ConnectError } from '@connectrpc/connect'
import * as connects from '@connectrpc/connect/protocol'
import { describe, expect, it } from 'vitest'
import * as light from '../../../../functions/shared/rpc/light-signals.ts'

const IMPLEMENTATIONS = [
  ['connect’s signals', connects],
  ['light signals', light],
] as const

const aborted = (signal: AbortSignal) =>
  signal.aborted
    ? Promise.resolve()
    : new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

for (const [name, { createDeadlineSignal, createLinkedAbortController }] of IMPLEMENTATIONS) {
  describe(`a deadline of ${name}`, () => {
    it('aborts when the time is up, saying so', async () => {
      const { signal } = createDeadlineSignal(5)
      expect(signal.aborted).toBe(false)
      await aborted(signal)
      expect(signal.reason).toBeInstanceOf(ConnectError)
      expect(signal.reason).toMatchObject({ code: Code.DeadlineExceeded })
    })

    for (const past of [0, -1]) {
      it(`of ${past} ms has passed already`, () => {
        expect(createDeadlineSignal(past).signal.reason).toMatchObject({ code: Code.DeadlineExceeded })
      })
    }

    it('does not abort after the end', async () => {
      const { signal, cleanup } = createDeadlineSignal(5)
      cleanup()
      await new Promise((resolve) => setTimeout(resolve, 30))
      expect(signal.aborted).toBe(false)
    })

    it('that nobody set never aborts', () => {
      const { signal, cleanup } = createDeadlineSignal(undefined)
      cleanup()
      expect(signal.aborted).toBe(false)
    })
  })

  describe(`a controller of ${name}`, () => {
    it('aborts with the first of its signals, for its reason', () => {
      const [first, second] = [new AbortController(), new AbortController()]
      const linked = createLinkedAbortController(first.signal, undefined, second.signal)
      second.abort('second')
      first.abort('first')
      expect(linked.signal.reason).toBe('second')
    })

    it('is aborted from the start with a signal that is', () => {
      const linked = createLinkedAbortController(new AbortController().signal, AbortSignal.abort('before'))
      expect(linked.signal.reason).toBe('before')
    })

    it('aborts by itself with an AbortError, and leaves its signals alone', () => {
      const other = new AbortController()
      const linked = createLinkedAbortController(other.signal)
      linked.abort()
      expect(linked.signal.reason).toMatchObject({
        name: 'AbortError',
        message: 'This operation was aborted',
      })
      expect(other.signal.aborted).toBe(false)
    })

    it('keeps its first reason', () => {
      const linked = createLinkedAbortController()
      linked.abort('first')
      linked.abort()
      expect(linked.signal.reason).toBe('first')
    })

    it('tells whoever listens, once', () => {
      const other = new AbortController()
      const linked = createLinkedAbortController(other.signal, other.signal)
      let heard = 0
      linked.signal.addEventListener('abort', () => {
        heard += 1
      })
      other.abort()
      linked.abort()
      expect(heard).toBe(1)
    })
  })
}

describe('the signals of two calls', () => {
  it('have nothing to do with each other', () => {
    const [one, other] = [undefined, undefined].map((timeoutMs) =>
      light.createLinkedAbortController(light.createDeadlineSignal(timeoutMs).signal, light.NEVER_ABORTED),
    )
    one?.abort()
    expect(one?.signal.aborted).toBe(true)
    expect(other?.signal.aborted).toBe(false)
    expect(light.NEVER_ABORTED.aborted).toBe(false)
  })

  it('leave no listener behind on a signal that outlives them', () => {
    const shutdown = new AbortController()
    const listeners = new Set<unknown>()
    const { addEventListener, removeEventListener } = shutdown.signal
    shutdown.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners.add(args[1])
      addEventListener.apply(shutdown.signal, args)
    }
    shutdown.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners.delete(args[1])
      removeEventListener.apply(shutdown.signal, args)
    }
    const linked = light.createLinkedAbortController(shutdown.signal)
    expect(listeners.size).toBe(1)
    linked.abort()
    expect(listeners.size).toBe(0)
  })
})
