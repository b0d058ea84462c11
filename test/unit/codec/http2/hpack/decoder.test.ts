import t from 'tap'
import { Decoder } from '../../../../../src/codec/http2/hpack/decoder.ts'
import type { Field } from '../../../../../src/codec/http2/hpack/field.ts'

function collect(decoder: Decoder, hex: string): Field[] {
  const fields: Field[] = []
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  // neighbours on both sides: a decoder must not look at them
  const framed = Buffer.concat([Buffer.from('ffff', 'hex'), bytes, Buffer.from('8282', 'hex')])
  decoder.decode(framed, 2, 2 + bytes.length, { onField: (field) => fields.push(field) })
  return fields
}

const text = (fields: readonly Field[]): string => fields.map((field) => `${field.name.text}: ${field.value}`).join('\n')

interface Example {
  readonly name: string
  readonly tableBytes?: number
  readonly blocks: readonly (readonly [hex: string, fields: string, tableBytes: number])[]
}

const REQUEST_1 = ':method: GET\n:scheme: http\n:path: /\n:authority: www.example.com'
const REQUEST_2 = `${REQUEST_1}\ncache-control: no-cache`
const REQUEST_3 = ':method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\ncustom-key: custom-value'
const DATE_1 = 'date: Mon, 21 Oct 2013 20:13:21 GMT'
const LOCATION = 'location: https://www.example.com'
const RESPONSE_1 = `:status: 302\ncache-control: private\n${DATE_1}\n${LOCATION}`
const RESPONSE_2 = `:status: 307\ncache-control: private\n${DATE_1}\n${LOCATION}`
const RESPONSE_3 = `:status: 200\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:22 GMT\n${LOCATION}\ncontent-encoding: gzip\nset-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1`

const EXAMPLES: readonly Example[] = [
  {
    name: 'C.2.1 literal with indexing',
    blocks: [['400a637573746f6d2d6b65790d637573746f6d2d686561646572', 'custom-key: custom-header', 55]],
  },
  { name: 'C.2.2 literal without indexing', blocks: [['040c2f73616d706c652f70617468', ':path: /sample/path', 0]] },
  { name: 'C.2.3 literal never indexed', blocks: [['100870617373776f726406736563726574', 'password: secret', 0]] },
  { name: 'C.2.4 indexed field', blocks: [['82', ':method: GET', 0]] },
  {
    name: 'C.3 requests without Huffman',
    blocks: [
      ['828684410f7777772e6578616d706c652e636f6d', REQUEST_1, 57],
      ['828684be58086e6f2d6361636865', REQUEST_2, 110],
      ['828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565', REQUEST_3, 164],
    ],
  },
  {
    name: 'C.4 requests with Huffman',
    blocks: [
      ['828684418cf1e3c2e5f23a6ba0ab90f4ff', REQUEST_1, 57],
      ['828684be5886a8eb10649cbf', REQUEST_2, 110],
      ['828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf', REQUEST_3, 164],
    ],
  },
  {
    name: 'C.5 responses without Huffman',
    tableBytes: 256,
    blocks: [
      [
        '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        RESPONSE_1,
        222,
      ],
      ['4803333037c1c0bf', RESPONSE_2, 222],
      [
        '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
        RESPONSE_3,
        215,
      ],
    ],
  },
  {
    name: 'C.6 responses with Huffman',
    tableBytes: 256,
    blocks: [
      [
        '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
        RESPONSE_1,
        222,
      ],
      ['4883640effc1c0bf', RESPONSE_2, 222],
      [
        '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
        RESPONSE_3,
        215,
      ],
    ],
  },
]

for (const example of EXAMPLES) {
  t.test(`RFC 7541 ${example.name}`, async (t) => {
    const decoder = new Decoder()
    let prefix = ''
    if (example.tableBytes !== undefined) prefix = '3fe101' // size update to 256
    for (const [hex, expected, tableBytes] of example.blocks) {
      t.equal(text(collect(decoder, prefix + hex)), expected)
      t.equal(decoder.tableBytes, tableBytes)
      prefix = ''
    }
  })
}

t.test('a never-indexed literal is marked, and so is a value that can not stand in a field', async (t) => {
  const [secret] = collect(new Decoder(), '100870617373776f726406736563726574')
  t.equal(secret?.sensitive, true)
  for (const [what, value, clean] of [
    ['NUL', 'a\0b', false],
    ['LF', 'a\nb', false],
    ['CR', 'a\rb', false],
    ['DEL', 'a\x7fb', false],
    ['space in front', ' a', false],
    ['tab behind', 'a\t', false],
    ['only a space', ' ', false],
    ['empty', '', true],
    ['tab within', 'a\tb', true],
    ['obs-text', 'a\xffb', true],
  ] as const) {
    const bytes = Buffer.from(value, 'latin1')
    const hex = `000161${bytes.length.toString(16).padStart(2, '0')}${bytes.toString('hex')}`
    const decoder = new Decoder()
    // three times: by then it comes out of the cache
    for (let i = 0; i < 3; i++) t.equal(collect(decoder, hex)[0]?.clean, clean, what)
  }
})

t.test('what would put the tables out of step ends the connection', async (t) => {
  for (const [what, hex] of [
    ['index 0', '80'],
    ['an index of nothing', 'be'],
    ['a name index of nothing', '7e0161'],
    ['a number that is cut', 'ff'],
    ['a number of too many bytes', 'ff8080808080'],
    ['a number with endless zeros', 'ff80808080808080808000'],
    ['a number above all bounds', 'ffffffffff7f'],
    ['a string that is cut', '00036162'],
    ['a string longer than anything', '007fffffffff07'],
    ['a field that is cut behind its name', '000161'],
    ['an empty name', '000001 61'],
    ['a size above the limit', '3fe21f'],
    ['a size update behind a field', '8220'],
    ['three size updates', '20202082'],
    ['Huffman with EOS', '000161 84 3fffffff'],
    ['Huffman with bad padding', '000161 81 18'],
  ] as const) {
    t.throws(() => collect(new Decoder(), hex), { name: 'HpackError' }, what)
  }
})

t.test('size updates', async (t) => {
  const decoder = new Decoder()
  collect(decoder, '4001610162')
  t.equal(decoder.tableBytes, 34)
  collect(decoder, '203fe11f')
  t.equal(decoder.tableBytes, 0, 'two in a row: to nothing and back')
  decoder.limitTable(8192)
  collect(decoder, '3fe13f')
  t.throws(() => collect(decoder, '3fe23f'), { name: 'HpackError' }, 'the limit itself and no more')
})

t.test('a limit that went down has to be honoured first', async (t) => {
  const decoder = new Decoder()
  decoder.limitTable(100)
  t.throws(() => collect(decoder, '82'), { message: /no table size update/ })
  const other = new Decoder()
  other.limitTable(100)
  t.equal(text(collect(other, '3f4582')), ':method: GET')
  t.equal(text(collect(other, '82')), ':method: GET')
})

t.test('an entry larger than the table empties it', async (t) => {
  const decoder = new Decoder()
  collect(decoder, '3f21') // 64
  collect(decoder, '4001610162')
  t.equal(decoder.tableBytes, 34)
  collect(decoder, `40016128${'63'.repeat(40)}`)
  t.equal(decoder.tableBytes, 0)
})
