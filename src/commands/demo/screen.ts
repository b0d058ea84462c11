// What the demo shows: where to look, what to try, and what the sidecars have counted.
import { get } from 'node:http'
import { type Member, type Mesh, membersOf } from './mesh.ts'

interface Row {
  readonly from: string
  readonly to: string
  readonly code: string
  readonly flags: string
  readonly count: number
}

export function introduction(mesh: Mesh, folder: string): string {
  const { frontend, catalog } = mesh
  const lines = membersOf(mesh).map(
    ({ name, namespace, inbound, outbound, telemetry, admin }) =>
      `  ${`${name}.${namespace}`.padEnd(15)} inbound ${inbound}  outbound ${outbound}  metrics http://127.0.0.1:${telemetry}/metrics  admin http://127.0.0.1:${admin}/`,
  )
  const calls = [
    [`curl -H 'Host: catalog' http://127.0.0.1:${frontend.outbound}/items/1`, "a call of the frontend's, by its sidecar"],
    [`curl -x http://127.0.0.1:${frontend.outbound} http://payments.bank/`, 'the same, with the sidecar as HTTP proxy'],
    [`curl -i -H 'Host: example.com' http://127.0.0.1:${frontend.outbound}/`, 'refused: no known service'],
    [`curl http://127.0.0.1:${catalog.inbound}/`, 'no answer: only mutual TLS is taken there'],
    [`curl http://127.0.0.1:${frontend.admin}/services`, 'endpoints and their state; one is down, and no call fails for it'],
  ] as const
  const width = Math.max(...calls.map(([command]) => command.length))
  return `A mesh of three applications, each with its sidecar (all on 127.0.0.1):
${lines.join('\n')}

Try:
${calls.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`).join('\n')}

Edit the settings in ${folder} while it runs: what you save is in force at once. Ctrl-C ends it.
`
}

/** One screen: calls by source, destination, status and flag, with the rate since the last look. */
export class Screen {
  readonly #mesh: Mesh
  #last = new Map<string, number>()

  constructor(mesh: Mesh) {
    this.#mesh = mesh
  }

  /** `seconds` since the last look. */
  async summary(seconds: number): Promise<string> {
    const rows = (await Promise.all(membersOf(this.#mesh).map(read))).flat()
    const seen = new Map<string, number>()
    const lines = rows.map(({ from, to, code, flags, count }) => {
      const key = `${from} ${to} ${code} ${flags}`
      seen.set(key, count)
      const rate = (count - (this.#last.get(key) ?? count)) / seconds
      return `  ${from.padEnd(22)} ${to.padEnd(36)} ${code.padEnd(5)} ${flags.padEnd(5)} ${String(count).padStart(8)} ${rate.toFixed(1).padStart(8)}/s`
    })
    this.#last = seen
    const head = `  ${'reported by'.padEnd(22)} ${'destination'.padEnd(36)} code  flag   requests     rate`
    return `${[head, ...lines.sort()].join('\n')}\n`
  }
}

async function read({ name, namespace, telemetry }: Member): Promise<Row[]> {
  const text = await fetchText(telemetry).catch(() => '')
  const rows: Row[] = []
  for (const line of text.split('\n')) {
    if (!line.startsWith('istio_requests_total{')) continue
    const label = (key: string): string => new RegExp(`[{,]${key}="([^"]*)"`).exec(line)?.[1] ?? ''
    rows.push({
      from: `${name}.${namespace} ${label('reporter') === 'source' ? 'out' : 'in'}`,
      to: label('destination_service'),
      code: label('response_code'),
      flags: label('response_flags'),
      count: Number(line.slice(line.lastIndexOf(' ') + 1)),
    })
  }
  return rows
}

function fetchText(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/metrics', timeout: 1000 }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve(text))
      response.on('error', reject)
    }).on('error', reject)
  })
}
