// Whether a silent endpoint is still there, by a PING after some silence and an answer in time; and when its connection has grown old.

interface VigilLimits {
  /** 0: it is never asked. */
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
  /** 0: it never grows old. */
  readonly maxAgeMs: number
}

/** The connection as it is watched. */
export interface Watched {
  /** Bytes have come since somebody last looked. */
  heard: boolean
  /** Nothing is awaited of the endpoint. */
  readonly rests: boolean
  /** It is to be asked whether it is there. */
  onQuiet(): void
  onDead(): void
  onOld(): void
}

export class Vigil {
  readonly #limits: VigilLimits
  readonly #watched: Watched
  #pingMs = Infinity
  #pongMs = Infinity
  #oldMs = Infinity

  constructor(limits: VigilLimits, watched: Watched) {
    this.#limits = limits
    this.#watched = watched
  }

  /** It is being listened for. */
  get kept(): boolean {
    return this.#pingMs !== Infinity || this.#pongMs !== Infinity
  }

  /** When to look; Infinity: not now. */
  get nextMs(): number {
    return Math.min(this.#pingMs, this.#pongMs, this.#oldMs)
  }

  /** The connection is up. `random`: 0 to 1; so that those that came up together do not leave together. */
  up(nowMs: number, random: number): void {
    if (this.#limits.maxAgeMs > 0) this.#oldMs = nowMs + this.#limits.maxAgeMs * (0.9 + 0.2 * random)
  }

  /** Something is awaited. Whether there is a new moment to look at. */
  begin(nowMs: number): boolean {
    if (this.kept || this.#limits.pingIntervalMs === 0 || this.#watched.rests) return false
    this.#watched.heard = false
    this.#pingMs = nowMs + this.#limits.pingIntervalMs
    return true
  }

  /** An answer to a PING has come. Whether one was awaited. */
  answered(): boolean {
    const awaited = this.#pongMs !== Infinity
    this.#pongMs = Infinity
    return awaited
  }

  look(nowMs: number): void {
    if (nowMs >= this.#pongMs) this.#watched.onDead()
    else if (nowMs >= this.#pingMs) {
      this.#pingMs = Infinity
      if (this.#watched.heard || this.#watched.rests) this.begin(nowMs)
      else {
        this.#pongMs = nowMs + this.#limits.pingTimeoutMs
        this.#watched.onQuiet()
      }
    }
    if (nowMs < this.#oldMs) return
    this.#oldMs = Infinity
    this.#watched.onOld()
  }
}
