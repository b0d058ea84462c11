// Whoever opens, closes: things are owned in the order of their opening and closed in reverse.

export interface Closable {
  close(): void | Promise<void>
}

export class Lifecycle {
  readonly #owned: Closable[] = []

  own<T extends Closable>(thing: T): T {
    this.#owned.push(thing)
    return thing
  }

  /** Closes everything, last opened first; every close is tried, the first error is thrown at the end. */
  async close(): Promise<void> {
    const errors: unknown[] = []
    for (let thing = this.#owned.pop(); thing; thing = this.#owned.pop()) {
      try {
        await thing.close()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}
