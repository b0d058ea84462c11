// A random number generator that can be started again, and changes to requests drawn from it.
import { PIECES, SEEDS } from './corpus.ts'

const MAX_MUTATIONS = 4
const MAX_BYTES = 4096

export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 ≤ n < limit. */
  below(limit: number): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % limit
  }

  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

type Mutation = (text: string, random: Random) => string

const MUTATIONS: readonly Mutation[] = [
  // a piece in between, also at the end of a line, where it is most often understood
  (text, random) => insert(text, random.below(text.length + 1), random.one(PIECES)),
  (text, random) => insert(text, lineStart(text, random), random.one(PIECES)),
  (text, random) => insert(text, lineStart(text, random), random.one(PIECES)),
  // a byte for another
  (text, random) => replace(text, random.below(text.length), 1, String.fromCharCode(random.below(256))),
  (text, random) => replace(text, random.below(text.length), 1, random.one(PIECES)),
  // something less
  (text, random) => replace(text, random.below(text.length), 1, ''),
  (text, random) => replace(text, random.below(text.length), 1 + random.below(20), ''),
  // something twice
  (text, random) => {
    const at = random.below(text.length)
    return insert(text, at, text.slice(at, at + 1 + random.below(40)))
  },
  // letters of the other case
  (text, random) => {
    const at = random.below(text.length)
    const letter = text.charAt(at)
    return replace(text, at, 1, letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase())
  },
  // a digit for another: lengths and sizes
  (text, random) => text.replace(/\d(?=\r\n)/, String(random.below(10))),
  // the beginning of one, the end of another
  (text, random) => text.slice(0, random.below(text.length + 1)) + tail(random.one(SEEDS), random),
  (text, random) => text + random.one(SEEDS),
]

export function nextInput(random: Random): string {
  let text = random.one(SEEDS)
  for (let left = 1 + random.below(MAX_MUTATIONS); left > 0; left--) {
    text = random.one(MUTATIONS)(text === '' ? random.one(SEEDS) : text, random)
  }
  return latin1(text.slice(0, MAX_BYTES))
}

/** Where the input is cut; none, one or many places. */
export function nextCuts(length: number, random: Random): number[] {
  const many = random.below(4)
  if (many === 3) return Array.from({ length }, (_, i) => i + 1)
  return Array.from({ length: many }, () => random.below(length + 1)).sort((a, b) => a - b)
}

function insert(text: string, at: number, piece: string): string {
  return text.slice(0, at) + piece + text.slice(at)
}

function replace(text: string, at: number, length: number, piece: string): string {
  return text.slice(0, at) + piece + text.slice(at + length)
}

function tail(text: string, random: Random): string {
  return text.slice(random.below(text.length + 1))
}

function lineStart(text: string, random: Random): number {
  const at = text.indexOf('\n', random.below(text.length))
  return at < 0 ? text.length : at + 1
}

/** Changing case may have left what is no byte. */
function latin1(text: string): string {
  return text.replace(/[^\0-\xff]/g, '?')
}
