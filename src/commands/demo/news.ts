// What the sidecars of the demo have to say: what a change of their files has come to, and what is wrong.

const KEPT = 4

export class News {
  #lines: string[] = []
  #fresh: string[] = []

  /** Takes the own log of `name`, in pieces as they come; returns what takes the next piece. */
  from(name: string): (text: string) => void {
    let rest = ''
    return (text) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#take(name, line)
    }
  }

  /** The last few lines. */
  get last(): readonly string[] {
    return this.#lines
  }

  /** The lines since the last call. */
  takeFresh(): readonly string[] {
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }

  #take(name: string, line: string): void {
    const said = wordsOf(line)
    if (said === undefined) return
    this.#lines = [...this.#lines, `  ${name}: ${said}`].slice(-KEPT)
    this.#fresh = [...this.#fresh, `  ${name}: ${said}`].slice(-KEPT)
  }
}

/** Changes and complaints; not what a sidecar says of every connection. */
function wordsOf(line: string): string | undefined {
  let entry: { level?: unknown; msg?: unknown }
  try {
    entry = JSON.parse(line) as { level?: unknown; msg?: unknown }
  } catch {
    return line.trim() === '' ? undefined : line
  }
  const { level, msg } = entry
  if (typeof msg !== 'string') return undefined
  return level === 'warn' || level === 'error' || msg === 'the configuration has changed' ? msg : undefined
}
