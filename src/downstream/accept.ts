// From an accepted socket to a codec: PROXY protocol, detection, TLS. What does not become a connection that can be served is closed,
// and counted by why.
import type { Socket } from 'node:net'
import { TLSSocket, type TLSSocketOptions } from 'node:tls'
import type { DownstreamConnection } from '../codec/stream.ts'
import type { MtlsMode } from '../config/schema/identity.ts'
import { Alarm } from '../core/alarm.ts'
import { readClientHello } from '../core/client-hello.ts'
import { readProxyHead } from '../core/proxy-protocol.ts'
import { isMesh, type KnownPeer, MESH, peerOf } from '../identity/handshake.ts'
import type { Identity } from '../identity/identity.ts'
import type { Refusal } from '../telemetry/label-values.ts'
import type { AcceptOptions } from './accept-options.ts'
import { ALPN, type Codec, connectionOf } from './codecs.ts'
import { detect, detectHttp2 } from './detect.ts'
import { type Ends, endsBehind, endsOf } from './ends.ts'
import { PATIENCE_MS, patienceMs } from './patience.ts'

const MAX_FIRST_BYTES = 65_536 + 1024
/** First byte of a TLS handshake (RFC 8446 §5.1). */
const HANDSHAKE = 22

/** Protocols that are served without a look at first bytes. */
const BLIND: ReadonlySet<AcceptOptions['protocol']> = new Set(['tcp', 'http2'])

/** Takes the socket from here on. */
export function accept(socket: Socket, options: AcceptOptions): void {
  new Acceptance(options).begin(socket)
}

class Acceptance {
  readonly #options: AcceptOptions
  readonly #alarm: Alarm
  readonly #closed = (): void => this.#end()
  readonly #ended = (): void => this.#peerEnded()
  readonly #data = (chunk: Buffer): void => this.#more(chunk)
  #socket!: Socket
  #ends!: Ends
  #first: Buffer = Buffer.alloc(0)
  #mtls: MtlsMode = 'disable'
  #caller: KnownPeer | undefined
  /** Why TLS failed, in OpenSSL's words. */
  #failure = ''
  #protocol: AcceptOptions['protocol']
  #stage: 'proxy' | 'hello' | 'mutual' | 'protocol' | 'handshake' | 'done' = 'proxy'

  constructor(options: AcceptOptions) {
    this.#options = options
    this.#protocol = options.protocol
    this.#alarm = new Alarm(options.clock, () => this.#late())
  }

  begin(socket: Socket): void {
    this.#socket = socket
    this.#ends = endsOf(socket, this.#options.original)
    socket.on('error', ignore)
    socket.once('close', this.#closed)
    socket.once('end', this.#ended)
    if (this.#options.proxyProtocol === 'off') this.#lookAtSecurity()
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
    else if (this.#stage === 'hello') this.#lookAtHello()
    else if (this.#stage === 'mutual') this.#lookForMutualTls()
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
      if (head.ends !== undefined) this.#ends = endsBehind(this.#ends, head.ends)
    }
    this.#socket.off('data', this.#data)
    this.#lookAtSecurity()
  }

  #lookAtSecurity(): void {
    const { certificate, identity, byHello } = this.#options
    const mtls = this.#options.mtls(this.#ends)
    this.#mtls = mtls
    if (byHello !== undefined) {
      this.#stage = 'hello'
      this.#listen(PATIENCE_MS)
      if (this.#first.length > 0) this.#lookAtHello()
    } else if (certificate !== undefined) this.#terminateTls({ secureContext: certificate.context, ALPNProtocols: this.#alpn() })
    else if (mtls === 'disable') this.#lookAtProtocol()
    else if (identity === undefined && mtls === 'permissive') this.#lookAtProtocol()
    else {
      this.#stage = 'mutual'
      this.#listen(mtls === 'strict' ? PATIENCE_MS : patienceMs(this.#protocol, this.#options))
      if (this.#first.length > 0) this.#lookForMutualTls()
    }
  }

  /** The name that a caller asks for chooses the listener, before anything is answered. */
  #lookAtHello(): void {
    const choice = this.#options.byHello?.(this.#first)
    if (choice === undefined || choice.kind === 'need-more') return
    this.#socket.off('data', this.#data)
    if (choice.kind === 'refuse') this.#refuse('tls_handshake', choice.why)
    else if (choice.kind === 'pass') {
      this.#ends = { ...this.#ends, serverName: choice.serverName }
      this.#serve('tcp')
    } else {
      this.#protocol = choice.protocol
      this.#terminateTls({ secureContext: choice.context, ALPNProtocols: this.#alpn() })
    }
  }

  /** Strict takes nothing but TLS; permissive takes TLS of sidecars, and leaves that of applications to them. */
  #lookForMutualTls(): void {
    if (this.#mtls === 'strict') {
      // without an identity nobody can be let in
      if (this.#first[0] === HANDSHAKE && this.#options.identity !== undefined) this.#terminateMutualTls()
      else this.#refuse('plaintext', 'plaintext where only mutual TLS is taken')
      return
    }
    const hello = readClientHello(this.#first)
    if (hello.kind === 'need-more') return
    if (hello.kind === 'done' && isMesh(hello.protocols)) this.#terminateMutualTls()
    else this.#goOnWithoutTls()
  }

  #goOnWithoutTls(): void {
    this.#socket.off('data', this.#data)
    this.#lookAtProtocol()
  }

  #terminateMutualTls(): void {
    const { identity } = this.#options
    if (identity === undefined) return
    this.#socket.off('data', this.#data)
    this.#terminateTls({
      secureContext: identity.material.context,
      ALPNProtocols: [...(this.#alpn() ?? []), MESH],
      requestCert: true,
      // who it is, and whether that is enough, is looked at when the handshake is through
      rejectUnauthorized: false,
    })
  }

  #alpn(): string[] | undefined {
    return ALPN[this.#protocol]
  }

  #lookAtProtocol(): void {
    const { expectsServer } = this.#options
    const protocol = this.#protocol
    this.#stage = 'protocol'
    if (protocol === 'tcp' || (expectsServer && protocol === 'auto')) this.#serve('tcp')
    else if (protocol === 'http2') this.#serve('http2')
    else {
      this.#listen(patienceMs(protocol, this.#options))
      if (this.#first.length > 0) this.#detect()
    }
  }

  #detect(): void {
    const protocol = this.#protocol
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
    else if (this.#stage === 'hello') this.#refuse('tls_handshake', 'no handshake came')
    else if (this.#stage === 'handshake') this.#refuse('tls_handshake', 'the handshake took too long')
    else if (this.#stage === 'mutual' && this.#mtls === 'strict') this.#refuse('plaintext', 'no handshake came')
    else if (this.#stage === 'mutual' && BLIND.has(this.#protocol)) this.#goOnWithoutTls()
    else if (this.#protocol === 'http' && this.#first.length === 0) this.#serve('http1').finish()
    else if (this.#protocol === 'http') this.#refuse('detection_failed')
    else if (this.#protocol === 'tls' || !this.#options.carriesBytes) this.#refuse('detection_failed')
    else setImmediate(() => this.#silent())
  }

  /**
   * Nothing came: where the server speaks first, the caller waits for it. Bytes that arrived while this process was busy with others
   * have been read by now: timers run before sockets are looked at.
   */
  #silent(): void {
    if (this.#stage === 'protocol' || this.#stage === 'mutual') this.#serve('tcp')
  }

  #terminateTls(options: TLSSocketOptions): void {
    this.#stage = 'handshake'
    const plain = this.#socket
    plain.off('close', this.#closed)
    plain.off('end', this.#ended)
    // else it would flow on to nobody
    plain.pause()
    if (this.#first.length > 0) plain.unshift(this.#first)
    this.#first = Buffer.alloc(0)
    const socket = new TLSSocket(plain, { ...options, isServer: true })
    this.#socket = socket
    this.#alarm.set(this.#options.clock.nowMs() + PATIENCE_MS)
    socket.on('error', (error) => {
      this.#failure = error.message
    })
    socket.once('close', this.#closed)
    socket.once('secure', () => this.#secured(socket, options.requestCert === true))
  }

  #secured(socket: TLSSocket, mutual: boolean): void {
    this.#alarm.clear()
    const { servername } = socket as unknown as { servername: string | false | null }
    this.#ends = { ...this.#ends, serverName: typeof servername === 'string' ? servername.toLowerCase() : '' }
    if (mutual && !this.#identify(socket)) return
    this.#chosen(socket.alpnProtocol)
  }

  /** Whether the caller has shown who it is. */
  #identify(socket: TLSSocket): boolean {
    const peer = peerOf(socket, this.#options.identity as Identity)
    if (peer.kind === 'known') this.#caller = peer
    else this.#refuse('peer_certificate', peer.detail)
    return peer.kind === 'known'
  }

  /** By ALPN; a caller that does not know of that is looked at. */
  #chosen(alpn: string | false | null): void {
    if (this.#protocol === 'tls') this.#serve('tcp')
    else if (alpn === 'h2') this.#serve('http2')
    else if (alpn === 'http/1.1') this.#serve('http1')
    else this.#lookAtProtocol()
  }

  #serve(codec: Codec): DownstreamConnection {
    const socket = this.#release()
    const { limits, clock, opened } = this.#options
    const handler = this.#options.handler(this.#ends, this.#caller)
    // what two sidecars do between them changes nothing of what the caller asked for
    const scheme = socket instanceof TLSSocket && this.#caller === undefined ? 'https' : 'http'
    const { connection, begin } = connectionOf(codec, socket, handler, { limits, clock, scheme })
    opened(connection, codec)
    this.#hold(socket, connection)
    begin(this.#first)
    return connection
  }

  /** As long as the certificate is believed. */
  #hold(socket: Socket, connection: DownstreamConnection): void {
    if (this.#caller === undefined) return
    const { leaf, verified } = this.#caller
    const release = (this.#options.identity as Identity).hold(leaf, verified, {
      close: () => connection.destroy('caller_distrusted'),
      renew: () => connection.drain(),
    })
    socket.once('close', release)
  }

  #refuse(reason: Refusal, detail?: string): void {
    this.#options.refused(reason, detail)
    this.#release().destroy()
  }

  /** Where bytes have somewhere to go, so have those that were too few to tell what they are. */
  #peerEnded(): void {
    const undecided = this.#stage === 'protocol' && this.#protocol === 'auto'
    if (undecided && this.#options.carriesBytes && this.#first.length > 0) this.#serve('tcp')
    else this.#end()
  }

  #end(): void {
    if (this.#stage === 'handshake') this.#options.refused('tls_handshake', this.#failure)
    this.#release().destroy()
  }

  #release(): Socket {
    this.#stage = 'done'
    this.#alarm.close()
    this.#socket.off('data', this.#data)
    this.#socket.off('close', this.#closed)
    this.#socket.off('end', this.#ended)
    return this.#socket
  }
}

function ignore(): void {}
