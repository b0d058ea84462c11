// No byte of an HTTP/2 head can become a second HTTP/1 request, nor change the one that it belongs to: whatever passes the reader is
// written to HTTP/1 and read again, and has to be the same single request.
import t from 'tap'
import { HeadReader } from '../../src/codec/http1/head.ts'
import { requestText } from '../../src/codec/http1/write.ts'
import type { RequestHead } from '../../src/codec/message.ts'
import { serverEnd } from '../support/h2-ends.ts'
import { headers, POST, REQUEST } from '../support/h2-wire.ts'
import { Seeded } from '../support/seeded.ts'

const ROUNDS = Number(process.env['OUTRIGGER_FUZZ_RUNS'] ?? 5000)
const SEED = Number(process.env['OUTRIGGER_FUZZ_SEED'] ?? 1)
const INJECTIONS = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\nGET /evil HTTP/1.1\r\nHost: evil\r\n\r\n',
  ' HTTP/1.1\r\nHost: evil\r\nX: ',
  '\r\nTransfer-Encoding: chunked\r\n',
  '\0',
  '\x7f',
  '\u0085',
  '\xa0',
  ' ',
  '\t',
  ':',
  '#',
  '@evil',
  '/../',
  '\x0b',
  '\x0c',
]

type Pair = [name: string, value: string]

function inject(random: Seeded, text: string): string {
  const at = random.below(text.length + 1)
  return text.slice(0, at) + random.pick(INJECTIONS) + text.slice(at)
}

function accepted(fields: readonly Pair[], flags: number): RequestHead | undefined {
  const end = serverEnd()
  end.send(headers(1, fields, flags))
  if (end.seen.defects.length > 0) throw end.seen.defects[0]
  return end.exchanges[0]?.request
}

/** undefined: the same request; else what differs. */
function difference(head: RequestHead): string | undefined {
  const text = requestText(head)
  if (text.indexOf('\r\n\r\n') !== text.length - 4) return 'the head ends early'
  const reader = new HeadReader({ maxFields: 200, upgrades: new Set(['websocket']) })
  const again = reader.request(text.slice(0, -2))
  if (again === undefined) return `refused: ${reader.detail}`
  const names = (one: RequestHead): string =>
    JSON.stringify(one.fields.list.filter((_, i) => i % 3 !== 1 && one.fields.list[i - (i % 3)] !== 'host'))
  for (const key of ['method', 'path', 'authority', 'bodyLength', 'upgrade'] as const) {
    if (head[key] !== again[key]) return `${key}: ${head[key]} became ${again[key]}`
  }
  return names(head) === names(again) ? undefined : 'the fields differ'
}

t.test('injections into every part of a head', async (t) => {
  const random = new Seeded(SEED)
  const base: Pair[] = [
    ...REQUEST,
    ['x-a', 'b'],
    ['cookie', 'c=d'],
    ['cookie', 'e=f'],
    ['content-length', '5'],
    ['te', 'trailers'],
  ].map(([name, value]) => [name, value])
  let passed = 0
  for (let round = 0; round < ROUNDS; round++) {
    const fields = base.map(([name, value]): Pair => [name, value])
    fields[0] = [':method', random.pick(['GET', 'POST', 'OPTIONS', 'CONNECT', 'get', 'QUERY'])]
    const field = random.pick(fields)
    const part = random.chance(25) ? 0 : 1
    field[part] = inject(random, field[part])
    const head = accepted(fields, 4)
    if (head === undefined) continue
    passed++
    const problem = difference(head)
    if (problem !== undefined) {
      t.fail(`round ${round} of seed ${SEED}: ${problem}: ${JSON.stringify(fields)}`)
      return
    }
  }
  t.ok(passed > 0 && passed < ROUNDS / 2, `${passed} of ${ROUNDS} were requests after all`)
})

t.test('what HTTP/1 would take for framing is refused', async (t) => {
  for (const field of [
    ['transfer-encoding', 'chunked'],
    ['content-length', '5, 5'],
    ['content-length', '0x5'],
    ['content-length', '5 '],
    ['connection', 'content-length'],
    ['upgrade', 'h2c'],
    ['host', 'evil.test'],
    ['content_length\r\ncontent-length', '5'],
    ['x: y\r\ncontent-length', '5'],
  ] as const) {
    t.equal(accepted([...POST, field] as Pair[], 4), undefined, field.join(': '))
  }
})

t.test('a body is as long as it says, or of unknown length and then in chunks', async (t) => {
  t.match(requestText(accepted([...POST, ['content-length', '5']] as Pair[], 4) as RequestHead), /content-length: 5\r\n/)
  const chunked = requestText(accepted([...POST] as Pair[], 4) as RequestHead)
  t.match(chunked, /Transfer-Encoding: chunked\r\n/)
  t.notMatch(chunked, /content-length/i)
  t.notMatch(requestText(accepted([...POST] as Pair[], 5) as RequestHead), /Transfer-Encoding/)
})
