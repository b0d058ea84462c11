// A small DNS server on loopback for tests: it answers from a zone that the test may change at any time, fails or keeps silent on
// demand, and remembers what it was asked.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'

type Type = 'A' | 'AAAA' | 'SRV'

interface SrvData {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: string
  readonly ttl: number
}

/** What stands under one name. `[data, ttl]`, the ttl in seconds. A type that is not there is answered with no records. */
export interface ZoneEntry {
  readonly A?: readonly (readonly [string, number])[]
  readonly AAAA?: readonly (readonly [string, number])[]
  readonly SRV?: readonly SrvData[]
  readonly CNAME?: readonly [string, number]
  /** These types are not answered as they should be. */
  readonly fail?: Partial<Record<Type, 'servfail' | 'refused' | 'silence'>>
}

const TYPES: ReadonlyMap<number, Type> = new Map([
  [1, 'A'],
  [28, 'AAAA'],
  [33, 'SRV'],
])
const CNAME = 5
const NO_ERROR = 0
const SERVFAIL = 2
const NXDOMAIN = 3
const REFUSED = 5

export class DnsServer {
  /** Names in lower case without a dot at the end; what is not there does not exist. */
  readonly zone: Record<string, ZoneEntry> = {}
  /** While set, every question is answered in this way. */
  down: 'servfail' | 'refused' | 'silence' | undefined
  /** 'A name', in the order of asking. */
  readonly questions: string[] = []
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (message, peer) => this.#answer(message, peer))
  }

  static async start(): Promise<DnsServer> {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    return new DnsServer(socket)
  }

  /** host:port, as setServers() takes it. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`
  }

  /** How often this was asked. */
  asked(question: string): number {
    return this.questions.filter((each) => each === question).length
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()))
  }

  #answer(message: Buffer, peer: RemoteInfo): void {
    const { name, end } = readName(message, 12)
    const type = TYPES.get(message.readUInt16BE(end))
    if (type === undefined) throw new Error(`question of type ${message.readUInt16BE(end)} for ${name}`)
    this.questions.push(`${type} ${name}`)
    const { code, records } = this.#lookUp(type, name)
    if (code === undefined) return
    const head = Buffer.from(message.subarray(0, 12))
    head.writeUInt16BE(0x8180 | code, 2)
    head.writeUInt16BE(records.length, 6)
    head.writeUInt32BE(0, 8)
    this.#socket.send(Buffer.concat([head, message.subarray(12, end + 4), ...records]), peer.port, peer.address)
  }

  /** No code: silence. */
  #lookUp(type: Type, asked: string): { code: number | undefined; records: Buffer[] } {
    const records: Buffer[] = []
    let name = asked.toLowerCase()
    for (let hops = 0; hops < 10; hops++) {
      const entry = this.zone[name]
      const fail = this.down ?? entry?.fail?.[type]
      if (fail !== undefined) return { code: { servfail: SERVFAIL, refused: REFUSED, silence: undefined }[fail], records: [] }
      if (entry === undefined) return { code: NXDOMAIN, records }
      if (entry.CNAME === undefined) return { code: NO_ERROR, records: [...records, ...recordsOf(type, name, entry)] }
      const [target, ttl] = entry.CNAME
      records.push(record(name, CNAME, ttl, writeName(target)))
      name = target
    }
    return { code: SERVFAIL, records: [] }
  }
}

function recordsOf(type: Type, name: string, { A = [], AAAA = [], SRV = [] }: ZoneEntry): Buffer[] {
  if (type === 'A') return A.map(([ip, ttl]) => record(name, 1, ttl, Buffer.from(ip.split('.').map(Number))))
  if (type === 'AAAA') return AAAA.map(([ip, ttl]) => record(name, 28, ttl, ipv6Bytes(ip)))
  return SRV.map(({ priority, weight, port, target, ttl }) => {
    const numbers = Buffer.alloc(6)
    numbers.writeUInt16BE(priority, 0)
    numbers.writeUInt16BE(weight, 2)
    numbers.writeUInt16BE(port, 4)
    return record(name, 33, ttl, Buffer.concat([numbers, writeName(target)]))
  })
}

function record(name: string, type: number, ttl: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(ttl, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([writeName(name), fixed, data])
}

function writeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '')
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.alloc(1),
  ])
}

function readName(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = []
  let at = start
  for (let length = message[at] as number; length > 0; length = message[at] as number) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), end: at + 1 }
}

/** Of text with at most one '::'. */
function ipv6Bytes(ip: string): Buffer {
  const [before, after] = ip.split('::').map((part) => part.split(':').filter((group) => group !== '')) as [string[], string[]?]
  const all = [...before, ...Array<string>(8 - before.length - (after?.length ?? 0)).fill('0'), ...(after ?? [])]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
