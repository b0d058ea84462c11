// xxHash64 (XXH64 of the xxHash specification), in halves of 32 bits: BigInt would cost more than all the rest of a pick.
// hot path: bench/micro/upstream/balance.ts

/** 64 bits. */
export interface Hash {
  readonly hi: number
  readonly lo: number
}

// the result of the operation before: two numbers without an object around them
let hi = 0
let lo = 0

const P1 = { hi: 0x9e3779b1, lo: 0x85ebca87 }
const P2 = { hi: 0xc2b2ae3d, lo: 0x27d4eb4f }
const P3 = { hi: 0x165667b1, lo: 0x9e3779f9 }
const P4 = { hi: 0x85ebca77, lo: 0xc2b2ae63 }
const P5 = { hi: 0x27d4eb2f, lo: 0x165667c5 }

export function xxHash64(bytes: Uint8Array, seed = 0): Hash {
  const size = bytes.length
  let at = 0
  if (size >= 32) at = stripes(bytes, seed)
  else {
    set(0, seed)
    add(P5.hi, P5.lo)
  }
  add(0, size >>> 0)
  for (; at + 8 <= size; at += 8) {
    const accHi = hi
    const accLo = lo
    round(0, 0, bytes, at)
    xor(accHi, accLo)
    rotate(27)
    multiply(P1)
    add(P4.hi, P4.lo)
  }
  if (at + 4 <= size) {
    const accHi = hi
    const accLo = lo
    set(0, word(bytes, at))
    multiply(P1)
    xor(accHi, accLo)
    rotate(23)
    multiply(P2)
    add(P3.hi, P3.lo)
    at += 4
  }
  for (; at < size; at++) {
    const accHi = hi
    const accLo = lo
    set(0, bytes[at] as number)
    multiply(P5)
    xor(accHi, accLo)
    rotate(11)
    multiply(P1)
  }
  return avalanche()
}

/** Remainder of the division by `divisor`, at most 2^21. */
export function modulo(hash: Hash, divisor: number): number {
  return ((hash.hi % divisor) * (4_294_967_296 % divisor) + (hash.lo % divisor)) % divisor
}

/** All but the last bytes, 32 at a time; returns where it stopped. */
function stripes(bytes: Uint8Array, seed: number): number {
  const high = new Uint32Array(4)
  const low = new Uint32Array(4)
  set(0, seed)
  add(P1.hi, P1.lo)
  add(P2.hi, P2.lo)
  store(high, low, 0)
  set(0, seed)
  add(P2.hi, P2.lo)
  store(high, low, 1)
  set(0, seed)
  store(high, low, 2)
  // minus P1
  add(~P1.hi >>> 0, ~P1.lo >>> 0)
  add(0, 1)
  store(high, low, 3)
  let at = 0
  for (; at + 32 <= bytes.length; at += 32) {
    for (let lane = 0; lane < 4; lane++) {
      round(high[lane] as number, low[lane] as number, bytes, at + lane * 8)
      store(high, low, lane)
    }
  }
  merge(high, low)
  return at
}

const ROTATIONS = [1, 7, 12, 18] as const

function merge(high: Uint32Array, low: Uint32Array): void {
  let sumHi = 0
  let sumLo = 0
  for (let lane = 0; lane < 4; lane++) {
    set(high[lane] as number, low[lane] as number)
    rotate(ROTATIONS[lane] as number)
    add(sumHi, sumLo)
    sumHi = hi
    sumLo = lo
  }
  for (let lane = 0; lane < 4; lane++) {
    set(high[lane] as number, low[lane] as number)
    multiply(P2)
    rotate(31)
    multiply(P1)
    xor(sumHi, sumLo)
    multiply(P1)
    add(P4.hi, P4.lo)
    sumHi = hi
    sumLo = lo
  }
}

/** acc + input × P2, turned, × P1. */
function round(accHi: number, accLo: number, bytes: Uint8Array, at: number): void {
  set(word(bytes, at + 4), word(bytes, at))
  multiply(P2)
  add(accHi, accLo)
  rotate(31)
  multiply(P1)
}

function avalanche(): Hash {
  // >>> 33
  xor(0, hi >>> 1)
  multiply(P2)
  // >>> 29
  xor(hi >>> 29, ((hi << 3) | (lo >>> 29)) >>> 0)
  multiply(P3)
  // >>> 32
  xor(0, hi)
  return { hi, lo }
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  )
}

function set(newHi: number, newLo: number): void {
  hi = newHi
  lo = newLo
}

function store(high: Uint32Array, low: Uint32Array, lane: number): void {
  high[lane] = hi
  low[lane] = lo
}

function add(otherHi: number, otherLo: number): void {
  const sum = lo + otherLo
  lo = sum >>> 0
  hi = (hi + otherHi + (sum > 0xffffffff ? 1 : 0)) >>> 0
}

function xor(otherHi: number, otherLo: number): void {
  hi = (hi ^ otherHi) >>> 0
  lo = (lo ^ otherLo) >>> 0
}

/** To the left, by less than 32. */
function rotate(bits: number): void {
  const up = ((hi << bits) | (lo >>> (32 - bits))) >>> 0
  lo = ((lo << bits) | (hi >>> (32 - bits))) >>> 0
  hi = up
}

function multiply(factor: Hash): void {
  const a0 = lo & 0xffff
  const a1 = lo >>> 16
  const b0 = factor.lo & 0xffff
  const b1 = factor.lo >>> 16
  const first = a0 * b0
  const second = a1 * b0 + (first >>> 16)
  const third = a0 * b1 + (second & 0xffff)
  const carried = a1 * b1 + Math.floor(second / 65_536) + Math.floor(third / 65_536)
  hi = (carried + Math.imul(hi, factor.lo) + Math.imul(lo, factor.hi)) >>> 0
  lo = (((third & 0xffff) << 16) | (first & 0xffff)) >>> 0
}
