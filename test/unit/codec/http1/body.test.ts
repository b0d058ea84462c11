// Bodies piece by piece: whole, cut at every byte, and malformed.
import t from 'tap'
import { BodyReader, DONE, MORE, PIECE } from '../../../../src/codec/http1/body.ts'
import { BY_CHUNKS, BY_CLOSE, BY_LENGTH, HeadReader, NO_BODY, TUNNEL } from '../../../../src/codec/http1/head.ts'

const MAX_TRAILER_BYTES = 1000

function reader(framing: number, length = 0): BodyReader {
  const body = new BodyReader(new HeadReader({ maxFields: 10, upgrades: new Set() }), MAX_TRAILER_BYTES)
  body.begin(framing, length)
  return body
}

/** How reading `pieces` ends, the body so far, and what is left over of the last piece. */
function drive(body: BodyReader, pieces: readonly string[]): { end: 'done' | 'bad' | 'more'; text: string; rest: string } {
  let text = ''
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1')
    let at = 0
    for (;;) {
      const what = body.next(bytes, at, bytes.length)
      at = body.at
      if (what === PIECE) text += bytes.toString('latin1', body.start, body.stop)
      else if (what === MORE) break
      else return { end: what === DONE ? 'done' : 'bad', text, rest: bytes.toString('latin1', at) }
    }
  }
  return { end: 'more', text, rest: '' }
}

t.test('bodies end where their framing says', async (t) => {
  t.same(drive(reader(NO_BODY), ['next']), { end: 'done', text: '', rest: 'next' })
  t.same(drive(reader(BY_LENGTH, 3), ['a', 'bcd']), { end: 'done', text: 'abc', rest: 'd' })
  t.same(drive(reader(BY_CLOSE), ['a', 'b']), { end: 'more', text: 'ab', rest: '' })
  t.same(drive(reader(TUNNEL), ['a', 'b']), { end: 'more', text: 'ab', rest: '' })
  t.equal(reader(BY_CLOSE).endsByClose, true)
  t.equal(reader(BY_LENGTH, 3).endsByClose, false)
  t.equal(reader(BY_CHUNKS).endsByClose, false)
})

const CHUNKED: Readonly<Record<string, readonly [string, string]>> = {
  empty: ['0\r\n\r\n', ''],
  'two chunks': ['3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n', 'abcde'],
  'sizes with zeros in front': ['0003\r\nabc\r\n000\r\n\r\n', 'abc'],
  'upper and lower case': ['A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n', '01234567890123456789'],
  extensions: ['3;a;b=c ; d="e;\\"f"\r\nabc\r\n0;last\r\n\r\n', 'abc'],
  'line ends as data': ['4\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n\r\n'],
}

t.test('chunks, whole and cut at every byte', async (t) => {
  for (const [name, [raw, text]] of Object.entries(CHUNKED)) {
    t.same(drive(reader(BY_CHUNKS), [`${raw}rest`]), { end: 'done', text, rest: 'rest' }, name)
    t.same(drive(reader(BY_CHUNKS), Array.from(raw)), { end: 'done', text, rest: '' }, `${name}, byte by byte`)
  }
})

/** Rule → a chunked body that breaks it. */
const MALFORMED: Readonly<Record<string, string>> = {
  'framing: no chunk size': '\r\n',
  'framing: chunk size with 0x': '0x3\r\nabc\r\n',
  'framing: chunk size with a sign': '-3\r\n',
  'framing: blank in front of a chunk size': ' 3\r\nabc\r\n',
  'framing: blank behind a chunk size': '3 \r\nabc\r\n',
  'framing: chunk size too large': '10000000000000\r\n',
  'framing: chunk size of 13 digits beyond counting': 'fffffffffffff1\r\n',
  'framing: letter that is no digit': 'g\r\n',
  'framing: chunk size line that ends in LF': '3\nabc\r\n',
  'framing: bare CR in a chunk size line': '3\rabc\r\n',
  'framing: NUL in an extension': '3;a\0\r\nabc\r\n',
  'framing: extension without a name': '3;=a\r\nabc\r\n',
  'framing: extension with an open quote': '3;a="b\r\nabc\r\n',
  'framing: unbounded extension': `3;${'a'.repeat(300)}\r\nabc\r\n`,
  'framing: unbounded extensions together': `${`1;${'a'.repeat(200)}\r\nx\r\n`.repeat(30)}0\r\n\r\n`,
  'framing: data longer than its size': '3\r\nabcd\r\n',
  'framing: data shorter than its size': '5\r\nabc\r\n0\r\n\r\n',
  'framing: data that ends in LF': '3\r\nabc\n0\r\n\r\n',
  'framing: trailer that ends in LF': '0\r\nX: y\n\r\n',
  'framing: bare CR in a trailer': '0\r\nX: y\rZ: z\r\n\r\n',
  'framing: CR that ends no trailer section': '0\r\n\rX',
  'framing: LF that ends no trailer section': '0\r\n\n',
  'framing: NUL in a trailer': '0\r\nX: \0\r\n\r\n',
  'framing: folded trailer': '0\r\nX: y\r\n z\r\n\r\n',
  'framing: trailer without a colon': '0\r\nX\r\n\r\n',
  'framing: trailers too large': `0\r\nX: ${'y'.repeat(MAX_TRAILER_BYTES)}\r\n\r\n`,
  'framing: too many trailers': `0\r\n${'X: y\r\n'.repeat(11)}\r\n`,
}

t.test('a malformed chunk is refused as soon whole as in pieces', async (t) => {
  for (const [rule, raw] of Object.entries(MALFORMED)) {
    t.equal(drive(reader(BY_CHUNKS), [raw]).end, 'bad', rule)
    t.equal(drive(reader(BY_CHUNKS), Array.from(raw)).end, 'bad', `${rule}, byte by byte`)
  }
})

t.test('trailers', async (t) => {
  const raw = '1\r\na\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n'
  for (const pieces of [[raw], Array.from(raw)]) {
    const body = reader(BY_CHUNKS)
    t.equal(drive(body, pieces).end, 'done')
    t.same(
      [...(body.trailers ?? [])],
      [
        ['X-Sum', '1'],
        ['Y', '2'],
      ],
    )
  }
  const body = reader(BY_CHUNKS)
  drive(body, ['0\r\n\r\n'])
  t.equal(body.trailers, undefined)
})

t.test('what is still to come is known', async (t) => {
  const body = reader(BY_LENGTH, 10)
  t.equal(body.remaining, 10)
  drive(body, ['abc'])
  t.equal(body.remaining, 7)
})
