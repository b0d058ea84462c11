// Long work in steps, between which the event loop turns: a generator that yields where a pause is good, and returns what it has made.

export type Steps<T> = Generator<undefined, T, undefined>

/** Without pauses. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

export async function withPauses<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
    await new Promise((resolve) => setImmediate(resolve))
  }
}
