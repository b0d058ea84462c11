import t from 'tap'
import { readSecret, readText } from '../../../../../src/codec/http2/hpack/strings.ts'
import { referenceHuffmanEncode } from '../../../../support/hpack-reference.ts'

t.test('the same bytes give the same string, cached or not', async (t) => {
  for (const value of ['', 'text/html', 'x'.repeat(95), 'y'.repeat(96), 'z'.repeat(97), 'w'.repeat(5000)]) {
    const raw = Buffer.from(`..${value}..`)
    const packed = Buffer.concat([Buffer.from('..'), referenceHuffmanEncode(value), Buffer.from('..')])
    for (let i = 0; i < 4; i++) {
      t.equal(readText(raw, 2, raw.length - 2, false).text, value)
      t.equal(readText(packed, 2, packed.length - 2, true).text, value)
      t.equal(readSecret(packed, 2, packed.length - 2, true).text, value)
    }
  }
})

t.test('a string takes a place when it comes for the second time', async (t) => {
  const bytes = Buffer.from('a string that nobody else uses')
  const first = readText(bytes, 0, bytes.length, false)
  const second = readText(bytes, 0, bytes.length, false)
  const third = readText(bytes, 0, bytes.length, false)
  t.not(first, second)
  t.equal(second, third)
})

t.test('secrets take none', async (t) => {
  const bytes = Buffer.from('a secret that comes again and again')
  t.not(readSecret(bytes, 0, bytes.length, false), readSecret(bytes, 0, bytes.length, false))
})

t.test('what was remembered does not change with the memory it came from', async (t) => {
  const bytes = Buffer.from('a string in memory that is used again')
  for (let i = 0; i < 3; i++) readText(bytes, 0, bytes.length, false)
  bytes.fill('x')
  t.equal(readText(bytes, 0, bytes.length, false).text, 'x'.repeat(bytes.length))
})

t.test('raw and Huffman bytes that look alike are told apart', async (t) => {
  const bytes = referenceHuffmanEncode('cached-value')
  for (let i = 0; i < 3; i++) {
    t.equal(readText(bytes, 0, bytes.length, true).text, 'cached-value')
    t.equal(readText(bytes, 0, bytes.length, false).text, bytes.toString('latin1'))
  }
})
