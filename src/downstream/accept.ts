// From an accepted socket to a codec: PROXY protocol, detection, TLS. What does not become a connection that can be served is closed,
// and counted by why.
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { Http1Downstream } from '../codec/http1/downstream.ts'
import { Http2Downstream } from '../codec/http2/downstream.ts'
import type { Http2Limits } from '../codec/http2/limits.ts'
import type { DownstreamConnection } from '../codec/stream.ts'
import { TcpDownstream } from '../codec/tcp/downstream.ts'
import { formatAddress, formatHostPort } from '../core/address.ts'
import { Alarm } from '../core/alarm.ts'
import type { Clock } from '../core/clock.ts'
import { readProxyHead } from '../core/proxy-protocol.ts'
import type { ConnectionHandler } from '../exchange/handler.ts'
import type { Peer } from '../exchange/peer.ts'
import type { Refusal } from '../telemetry/families.ts'
import type { Certificate } from './certificate.ts'
import { detect, detectHttp2 } from './detect.ts'

const MAX_FIRST_BYTES = 65_536 + 1024
/** Time for a PROXY protocol head and a TLS handshake. */
const PATIENCE_MS = 10_000
const NO_LIMIT_MS = 2_147_483_647
/** Bytes have no name in ALPN. */
const ALPN: Readonly<Record<AcceptOptions['protocol'], string[] | undefined>> = {
  auto: ['h2', 'http/1.1'],
  http: ['h2', 'http/1.1'],
  http2: ['h2'],
  tcp: undefined,
  tls: undefined,
}

export interface AcceptOptions {
  readonly protocol: 'auto' | 'http' | 'http2' | 'tcp' | 'tls'
  readonly proxyProtocol: 'off' | 'require' | 'accept'
  readonly detectionTimeoutMs: number
  /** Bytes without a name have somewhere to go. Where they do not, a silent caller is not taken for one of a server that speaks first. */
  readonly carriesBytes: boolean
  readonly certificate: Certificate | undefined
  readonly limits: Http2Limits
  readonly clock: Clock
  /** Makes the handler of a connection, once it is known who is there. */
  readonly handler: (ends: Ends) => ConnectionHandler
  readonly refused: (reason: Refusal) => void
  /** The connection has a codec now. */
  readonly opened: (connection: DownstreamConnection, protocol: string) => void
}

/** The two ends as the sidecar should see them. */
export type Ends = Pick<Peer, 'remoteAddress' | 'remoteIp' | 'localAddress' | 'serverName'>

/** Takes the socket from here on. */
export function accept(socket: Socket, options: AcceptOptions): void {
  new Acceptance(options).begin(socket)
}

class Acceptance {
  readonly #options: AcceptOptions
  readonly #alarm: Alarm
  readonly #closed = (): void => this.#end()
  readonly #data = (chunk: Buffer): void => this.#more(chunk)
  #socket!: Socket
  #ends!: Ends
  #first: Buffer = Buffer.alloc(0)
  #stage: 'proxy' | 'protocol' | 'handshake' | 'done' = 'proxy'

  constructor(options: AcceptOptions) {
    this.#options = options
    this.#alarm = new Alarm(options.clock, () => this.#late())
  }

  begin(socket: Socket): void {
    this.#socket = socket
    this.#ends = endsOf(socket)
    socket.on('error', ignore)
    socket.once('close', this.#closed)
    socket.once('end', this.#closed)
    if (this.#options.proxyProtocol === 'off') this.#lookAtProtocol()
    else this.#listen(PATIENCE_MS)
  }

  #listen(ms: number): void {
    this.#alarm.set(this.#options.clock.nowMs() + ms)
    this.#socket.on('data', this.#data)
  }

  #more(chunk: Buffer): void {
    this.#first = this.#first.length === 0 ? chunk : Buffer.concat([this.#first, chunk])
    if (this.#first.length > MAX_FIRST_BYTES) this.#refuse('detection_failed')
    else if (this.#stage === 'proxy') this.#readProxyHead()
    else this.#detect()
  }

  #readProxyHead(): void {
    const head = readProxyHead(this.#first)
    if (head.kind === 'need-more') return
    if (head.kind === 'malformed' || (head.kind === 'absent' && this.#options.proxyProtocol === 'require')) {
      this.#refuse('proxy_protocol')
      return
    }
    if (head.kind === 'done') {
      this.#first = this.#first.subarray(head.bytes)
      if (head.ends !== undefined) {
        const { source, destination } = head.ends
        const remoteIp = source.kind === 'tcp' ? source.host : ''
        this.#ends = { ...this.#ends, remoteAddress: formatAddress(source), remoteIp, localAddress: formatAddress(destination) }
      }
    }
    this.#socket.off('data', this.#data)
    this.#lookAtProtocol()
  }

  #lookAtProtocol(): void {
    const { protocol, certificate } = this.#options
    this.#stage = 'protocol'
    if (certificate !== undefined && !(this.#socket instanceof TLSSocket)) this.#terminateTls(certificate)
    else if (protocol === 'tcp') this.#serve('tcp')
    else if (protocol === 'http2') this.#serve('http2')
    else {
      this.#listen(this.#patienceMs())
      if (this.#first.length > 0) this.#detect()
    }
  }

  /** How long first bytes are waited for; at its end `#late` says what that means. */
  #patienceMs(): number {
    const { protocol, carriesBytes, detectionTimeoutMs, limits } = this.#options
    if (protocol === 'http') return limits.headTimeoutMs || limits.idleTimeoutMs || NO_LIMIT_MS
    return protocol === 'tls' || !carriesBytes ? PATIENCE_MS : detectionTimeoutMs
  }

  #detect(): void {
    const { protocol } = this.#options
    const found = protocol === 'http' ? detectHttp2(this.#first) : detect(this.#first)
    if (found.kind === 'need-more') return
    if (protocol === 'tls' && found.kind !== 'tls') this.#refuse('detection_failed')
    else if (found.kind === 'tls') {
      this.#ends = { ...this.#ends, serverName: found.serverName }
      this.#serve('tcp')
    } else this.#serve(found.kind)
  }

  #late(): void {
    if (this.#stage === 'proxy') this.#refuse('proxy_protocol')
    else if (this.#stage === 'handshake') this.#refuse('tls_handshake')
    else if (this.#options.protocol === 'http' && this.#first.length === 0) this.#serve('http1').finish()
    else if (this.#options.protocol === 'http') this.#refuse('detection_failed')
    else if (this.#options.protocol === 'tls' || !this.#options.carriesBytes) this.#refuse('detection_failed')
    else setImmediate(() => this.#silent())
  }

  /**
   * Nothing came: where the server speaks first, the caller waits for it. Bytes that arrived while this process was busy with others
   * have been read by now: timers run before sockets are looked at.
   */
  #silent(): void {
    if (this.#stage === 'protocol') this.#serve('tcp')
  }

  #terminateTls(certificate: Certificate): void {
    this.#stage = 'handshake'
    const plain = this.#socket
    plain.off('close', this.#closed)
    plain.off('end', this.#closed)
    // else it would flow on to nobody
    plain.pause()
    if (this.#first.length > 0) plain.unshift(this.#first)
    this.#first = Buffer.alloc(0)
    const socket = new TLSSocket(plain, {
      isServer: true,
      secureContext: certificate.context,
      ALPNProtocols: ALPN[this.#options.protocol],
    })
    this.#socket = socket
    this.#alarm.set(this.#options.clock.nowMs() + PATIENCE_MS)
    socket.on('error', ignore)
    socket.once('close', this.#closed)
    socket.once('secure', () => {
      this.#alarm.clear()
      const { servername } = socket as unknown as { servername: string | false | null }
      this.#ends = { ...this.#ends, serverName: typeof servername === 'string' ? servername : '' }
      this.#chosen(socket.alpnProtocol)
    })
  }

  /** By ALPN; a caller that does not know of that is looked at. */
  #chosen(alpn: string | false | null): void {
    if (this.#options.protocol === 'tls') this.#serve('tcp')
    else if (alpn === 'h2') this.#serve('http2')
    else if (alpn === 'http/1.1') this.#serve('http1')
    else this.#lookAtProtocol()
  }

  #serve(protocol: 'http1' | 'http2' | 'tcp'): DownstreamConnection {
    const socket = this.#release()
    const { limits, clock, opened } = this.#options
    const handler = this.#options.handler(this.#ends)
    if (protocol === 'tcp') {
      const connection = new TcpDownstream(socket, handler)
      opened(connection, protocol)
      connection.open()
      if (this.#first.length > 0) connection.push(this.#first)
      return connection
    }
    const scheme = socket instanceof TLSSocket ? 'https' : 'http'
    const Codec = protocol === 'http1' ? Http1Downstream : Http2Downstream
    const connection = new Codec(socket, handler, { limits, clock, scheme })
    opened(connection, protocol)
    if (this.#first.length > 0) connection.push(this.#first)
    return connection
  }

  #refuse(reason: Refusal): void {
    this.#options.refused(reason)
    this.#release().destroy()
  }

  #end(): void {
    if (this.#stage === 'handshake') this.#options.refused('tls_handshake')
    this.#release().destroy()
  }

  #release(): Socket {
    this.#stage = 'done'
    this.#alarm.close()
    this.#socket.off('data', this.#data)
    this.#socket.off('close', this.#closed)
    this.#socket.off('end', this.#closed)
    return this.#socket
  }
}

function endsOf(socket: Socket): Ends {
  const remoteIp = plainIp(socket.remoteAddress ?? '')
  return {
    remoteAddress: remoteIp === '' ? 'unix:' : formatHostPort(remoteIp, socket.remotePort ?? 0),
    remoteIp,
    localAddress: socket.localAddress === undefined ? '' : formatHostPort(plainIp(socket.localAddress), socket.localPort ?? 0),
    serverName: '',
  }
}

/** A dual-stack listener writes IPv4 as IPv6 (RFC 4291 §2.5.5.2). */
function plainIp(ip: string): string {
  return ip.startsWith('::ffff:') ? ip.slice(7) : ip
}

function ignore(): void {}
