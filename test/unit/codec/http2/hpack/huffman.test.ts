import t from 'tap'
import { huffmanDecode, huffmanEncode, huffmanLength } from '../../../../../src/codec/http2/hpack/huffman.ts'
import { HUFFMAN_BITS, referenceHuffman, referenceHuffmanEncode } from '../../../../support/hpack-reference.ts'

function encode(text: string): Buffer {
  const into = Buffer.alloc(text.length * 4 + 8)
  return into.subarray(0, huffmanEncode(text, into, 0))
}

function decode(bytes: Uint8Array): string | undefined {
  const into = Buffer.alloc(bytes.length * 2 + 8)
  const length = huffmanDecode(bytes, 0, bytes.length, into)
  return length < 0 ? undefined : into.toString('latin1', 0, length)
}

t.test('every symbol has the code that the RFC prints', async (t) => {
  for (let symbol = 0; symbol < 256; symbol++) {
    const text = String.fromCharCode(symbol)
    const expected = referenceHuffmanEncode(text)
    if (!encode(text).equals(expected) || decode(expected) !== text) t.fail(`symbol ${symbol}: ${HUFFMAN_BITS[symbol]}`)
  }
  t.equal(HUFFMAN_BITS.length, 257)
})

t.test('examples of RFC 7541, appendix C', async (t) => {
  for (const [text, hex] of [
    ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
    ['no-cache', 'a8eb10649cbf'],
    ['custom-value', '25a849e95bb8e8b4bf'],
    ['302', '6402'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
    [
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
      '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ],
  ] as const) {
    t.equal(encode(text).toString('hex'), hex)
    t.equal(decode(Buffer.from(hex, 'hex')), text)
  }
})

t.test('length is told before encoding', async (t) => {
  for (const text of ['', 'a', 'Hello, World', '\0\x01\xff', 'x'.repeat(1000)]) t.equal(huffmanLength(text), encode(text).length)
})

t.test('wrong padding and EOS are refused', async (t) => {
  for (const [what, hex] of [
    ['padding of zeros', '18'],
    ['eight bits of padding', '1fff'],
    ['only padding of a whole byte', 'ff'],
    ['EOS', '3fffffff'],
    ['EOS behind a symbol', '1fffffffff'],
    ['a code that is cut', 'fe'],
  ] as const) {
    t.equal(decode(Buffer.from(hex, 'hex')), undefined, what)
  }
  t.equal(decode(Buffer.alloc(0)), '')
})

t.test('random bytes are decoded or refused as by the reference', async (t) => {
  let state = 12345
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return state >>> 16
  }
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(Array.from({ length: random() % 12 }, () => random() & 255))
    if (decode(bytes) !== referenceHuffman(bytes)) t.fail(bytes.toString('hex'))
  }
  t.pass()
})
