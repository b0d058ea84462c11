// Waiting without sleeping: a condition is asked again and again until it holds.

interface Patience {
  readonly timeoutMs?: number
  readonly everyMs?: number
}

/** The first value of `ask` that is not false, undefined or null. Throws what `ask` last threw, or that it never came. */
export async function eventually<T>(ask: () => T | Promise<T>, patience: Patience = {}): Promise<NonNullable<T>> {
  const { timeoutMs = 10_000, everyMs = 5 } = patience
  const endMs = performance.now() + timeoutMs
  for (;;) {
    const last = performance.now() >= endMs
    try {
      const answer = await ask()
      if (answer !== false && answer !== undefined && answer !== null) return answer
      if (last) throw new Error(`not within ${timeoutMs} ms: ${ask.toString()}`)
    } catch (error) {
      if (last) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
