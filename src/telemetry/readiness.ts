// Whether this sidecar may be given traffic, and if not, what it still waits for.

export class Readiness {
  readonly #missing = new Map<string, string>()
  #draining = false

  /** Something that must be there first; the words say what it is. Call the answer when it is there. */
  need(name: string, words: string): () => void {
    this.#missing.set(name, words)
    return () => void this.#missing.delete(name)
  }

  /** Never ready again. */
  drain(): void {
    this.#draining = true
  }

  get draining(): boolean {
    return this.#draining
  }

  get ready(): boolean {
    return !this.#draining && this.#missing.size === 0
  }

  /** What is not there yet, for people. */
  get missing(): string[] {
    const words = [...this.#missing.values()]
    return this.#draining ? ['the proxy is shutting down', ...words] : words
  }
}
