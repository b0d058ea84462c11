// Which of several weighted services the next request goes to.
// hot path: bench/micro/routing/table.ts

export interface Weighted {
  readonly weight: number
}

/** 2^32 divided by the golden ratio, made odd: steps by it visit every number, evenly spread at every moment. */
const STEP = 0x9e3779b9
const RANGE = 2 ** 32

/**
 * Draws by weight from an even sequence instead of by chance: after n draws each share is right within about log(n)/n, which
 * chance reaches only within 1/√n. `random` chooses where the sequence starts, so that sidecars do not march in step.
 */
export class Split<C extends Weighted> {
  /** Those with a weight. */
  readonly choices: readonly C[]
  /** Parts of 1, in the order of `choices`. */
  readonly shares: readonly number[]
  /** Upper ends of the choices' ranges in 0…2^32. */
  readonly #ends: Float64Array
  #state: number

  constructor(choices: readonly C[], random: () => number) {
    this.choices = choices.filter((choice) => choice.weight > 0)
    const total = this.choices.reduce((sum, choice) => sum + choice.weight, 0)
    this.shares = this.choices.map((choice) => choice.weight / total)
    this.#ends = new Float64Array(this.choices.length)
    let sum = 0
    this.choices.forEach((choice, i) => {
      sum += choice.weight
      this.#ends[i] = (sum / total) * RANGE
    })
    this.#state = Math.floor(random() * RANGE) >>> 0
  }

  /** The next choice; undefined when none has a weight. */
  next(): C | undefined {
    return this.choices.length < 2 ? this.choices[0] : this.at(this.draw())
  }

  /** The next number, for `at`. */
  draw(): number {
    this.#state = (this.#state + STEP) >>> 0
    return this.#state
  }

  /** The choice of a number of 32 bits: equal numbers, equal choices. */
  at(hash: number): C | undefined {
    const ends = this.#ends
    let low = 0
    let high = ends.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (hash < (ends[middle] as number)) high = middle
      else low = middle + 1
    }
    return this.choices[low]
  }
}
