// The Huffman code of HPACK (RFC 7541 §5.2, appendix B), both ways. Decoding walks a table of half bytes without a branch per
// symbol; what is not a code ends in a state that nothing leaves, and is seen at the end.
// hot path: bench/micro/codec/http2/hpack.ts

/** Bits of each symbol's code, EOS last. The code is canonical: lengths alone say what it is. */
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22,
  23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22,
  21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26,
  27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26,
  26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
]
const EOS = 256

/** A symbol is complete: it stands in the low eight bits of the step. */
const EMITS = 0x100
/** What has been read since the last symbol may be padding: fewer than eight bits, all ones. */
const MAY_END = 0x200
const STATE_SHIFT = 16
/** Where codes that are none lead. */
const DEAD = 256

const codes = canonicalCodes()
/** For each state and half byte: symbol, flags and the next state (shifted by four already). */
const steps = buildSteps()

function canonicalCodes(): Uint32Array {
  const order = LENGTHS.map((_, symbol) => symbol).sort((a, b) => (LENGTHS[a] as number) - (LENGTHS[b] as number) || a - b)
  const result = new Uint32Array(LENGTHS.length)
  let code = 0
  let length = 0
  for (const symbol of order) {
    const bits = LENGTHS[symbol] as number
    code <<= bits - length
    length = bits
    result[symbol] = code++
  }
  return result
}

interface Node {
  children: (Node | number | undefined)[]
  id: number
  mayEnd: boolean
}

function buildTree(): Node[] {
  const nodes: Node[] = [{ children: [], id: 0, mayEnd: true }]
  for (let symbol = 0; symbol < LENGTHS.length; symbol++) {
    let node = nodes[0] as Node
    const length = LENGTHS[symbol] as number
    const code = codes[symbol] as number
    for (let bit = length - 1; bit > 0; bit--) {
      const path = code >>> bit
      const depth = length - bit
      node = childOf(nodes, node, path & 1, depth < 8 && path === (1 << depth) - 1)
    }
    node.children[code & 1] = symbol
  }
  return nodes
}

function childOf(nodes: Node[], node: Node, side: number, mayEnd: boolean): Node {
  const known = node.children[side]
  if (typeof known === 'object') return known
  const child = { children: [], id: nodes.length, mayEnd }
  nodes.push(child)
  node.children[side] = child
  return child
}

function buildSteps(): Uint32Array {
  const nodes = buildTree()
  const table = new Uint32Array((DEAD + 1) * 16).fill((DEAD << 4) << STATE_SHIFT)
  for (const start of nodes) for (let half = 0; half < 16; half++) table[start.id * 16 + half] = step(nodes, start, half)
  return table
}

function step(nodes: readonly Node[], start: Node, half: number): number {
  let node = start
  let emitted = 0
  for (let bit = 3; bit >= 0; bit--) {
    const next = node.children[(half >>> bit) & 1]
    if (next === undefined || next === EOS) return ((DEAD << 4) << STATE_SHIFT) >>> 0
    if (typeof next === 'object') node = next
    else {
      emitted = EMITS | next
      node = nodes[0] as Node
    }
  }
  return (((node.id << 4) << STATE_SHIFT) | emitted | (node.mayEnd ? MAY_END : 0)) >>> 0
}

/**
 * Decodes `bytes` from `at` to `end` into `into`, which must have room for 8/5 of them; returns how many bytes it made, or -1 when
 * that is no Huffman code, EOS is in it, or its padding is wrong (RFC 7541 §5.2).
 */
export function huffmanDecode(bytes: Uint8Array, at: number, end: number, into: Uint8Array): number {
  let made = 0
  let state = 0
  let taken = MAY_END
  for (let i = at; i < end; i++) {
    const byte = bytes[i] as number
    taken = steps[state | (byte >>> 4)] as number
    into[made] = taken
    made += (taken >>> 8) & 1
    taken = steps[(taken >>> STATE_SHIFT) | (byte & 15)] as number
    into[made] = taken
    made += (taken >>> 8) & 1
    state = taken >>> STATE_SHIFT
  }
  return (taken & MAY_END) === 0 ? -1 : made
}

/** Bytes that `text` takes when encoded. Every character is one byte (latin-1). */
export function huffmanLength(text: string): number {
  let bits = 0
  for (let i = 0; i < text.length; i++) bits += LENGTHS[text.charCodeAt(i) & 255] as number
  return (bits + 7) >>> 3
}

/** Encodes `text` into `into` from `at`; returns the position behind it. */
export function huffmanEncode(text: string, into: Uint8Array, at: number): number {
  let o = at
  let pending = 0
  let bits = 0
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 255
    const length = LENGTHS[symbol] as number
    const code = codes[symbol] as number
    // at most 7 bits wait: two steps keep the sum within 32
    const high = length > 16 ? length - 16 : 0
    if (high > 0) {
      pending = (pending << high) | (code >>> 16)
      bits += high
      while (bits >= 8) into[o++] = (pending >>> (bits -= 8)) & 255
    }
    const low = length - high
    pending = ((pending & 127) << low) | (code & (high > 0 ? 0xffff : 0xffffffff))
    bits += low
    while (bits >= 8) into[o++] = (pending >>> (bits -= 8)) & 255
  }
  if (bits > 0) into[o++] = ((pending << (8 - bits)) | (255 >>> bits)) & 255
  return o
}
