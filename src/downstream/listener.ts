// An address that is accepted on, and the connections that came in there.
import { createServer, type Server, type Socket } from 'node:net'
import type { Http2Limits } from '../codec/http2/limits.ts'
import type { DownstreamConnection } from '../codec/stream.ts'
import type { GatewayConfig } from '../config/schema/gateways.ts'
import type { MtlsMode } from '../config/schema/identity.ts'
import type { GatewayListenerConfig, InboundListenerConfig, OutboundListenerConfig } from '../config/schema/listeners.ts'
import { mustParseAddress } from '../core/address.ts'
import type { Clock } from '../core/clock.ts'
import type { FailureCode } from '../core/failures.ts'
import { listen } from '../core/listen.ts'
import type { Log } from '../core/log.ts'
import { clientCertOf } from '../exchange/client-cert.ts'
import { ConnectionHandler } from '../exchange/handler.ts'
import { destinationOf, type Peer } from '../exchange/peer.ts'
import type { Pipeline } from '../exchange/pipeline.ts'
import { prefaceFor } from '../exchange/preface.ts'
import type { KnownPeer } from '../identity/handshake.ts'
import type { Identity } from '../identity/identity.ts'
import { gatewayKey } from '../routing/gateways.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { UNKNOWN } from '../telemetry/party.ts'
import { accept } from './accept.ts'
import type { AcceptOptions } from './accept-options.ts'
import { Certificate } from './certificate.ts'
import type { Ends } from './ends.ts'
import { GatewayEntry } from './gateway-entry.ts'
import { type AskOriginal, openOriginalDestination } from './original-destination.ts'

const BACKLOG = 4096

export type ListenerConfig =
  | { readonly direction: 'inbound'; readonly config: InboundListenerConfig }
  | { readonly direction: 'outbound'; readonly config: OutboundListenerConfig }
  | {
      readonly direction: 'gateway'
      readonly config: GatewayListenerConfig
      /** Of the gateway, those of the port; none: there is no such gateway yet. */
      readonly listeners: GatewayConfig['listeners']
    }

export interface ListenerDeps {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly pipeline: Pipeline
  /** undefined: there is none. */
  identity(): Identity | undefined
  /** What the application's port takes. */
  mtlsMode(listener: InboundListenerConfig, port: number): MtlsMode
  limits(): Http2Limits
}

interface Open {
  readonly protocol: string
  readonly peer: Peer
  readonly sinceMs: number
}

export class Listener {
  readonly direction: ListenerConfig['direction']
  /** The address, as the settings write it. */
  readonly name: string
  readonly #deps: ListenerDeps
  readonly #connections = new Map<DownstreamConnection, Open>()
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  /** undefined: nothing is captured. */
  #askOriginal: AskOriginal | undefined
  #listener: ListenerConfig
  #certificate: Certificate | undefined
  #entry: GatewayEntry | undefined
  #draining = false

  private constructor(listener: ListenerConfig, deps: ListenerDeps) {
    this.#listener = listener
    this.direction = listener.direction
    this.name = listener.config.listen
    this.#deps = deps
    this.#certificate = this.#readCertificate(listener)
    this.#askOriginal = isCaptured(listener) ? openOriginalDestination() : undefined
    this.#entry = this.#gatewayEntry(listener)
    const accepted = deps.metrics.counter('downstreamAccepted', { listener: this.name })
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: deps.limits().highWaterBytes }, (socket) => {
      accepted.add()
      this.#accept(socket)
    })
    this.#server.maxConnections = listener.config.maxConnections
    this.#server.on('drop', () => this.#refused('connection_limit'))
    // what keeps it from listening at all is told by open()
    this.#server.on('error', (error) => {
      if (this.#server.listening) deps.log.error('a listener failed', { listener: this.name, error })
    })
  }

  /** `key`: where the settings say so. Rejects with words for the user when it can't listen there. */
  static async open(listener: ListenerConfig, key: string, deps: ListenerDeps): Promise<Listener> {
    const opened = new Listener(listener, deps)
    try {
      const address = mustParseAddress(opened.name)
      const where = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }
      await listen(
        {
          once: opened.#server.once.bind(opened.#server),
          off: opened.#server.off.bind(opened.#server),
          listen: (_at, done) => opened.#server.listen({ ...where, backlog: BACKLOG }, done),
        },
        address,
        `${key}.listen`,
      )
    } catch (error) {
      opened.#certificate?.close()
      opened.#entry?.close()
      throw error
    }
    return opened
  }

  /** Port in use, where one was asked for as 0. */
  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** Exchanges under way. */
  get active(): number {
    let active = 0
    for (const connection of this.#connections.keys()) active += connection.active
    return active
  }

  get connections(): ReadonlyMap<DownstreamConnection, Open> {
    return this.#connections
  }

  get open(): number {
    return this.#sockets.size
  }

  get certificate(): Certificate | undefined {
    return this.#certificate
  }

  /** The same address with other settings: for connections from now on. Throws when its certificate can't be used. */
  update(listener: ListenerConfig): void {
    const former = this.#listener
    if (listener.direction === 'gateway' || former.direction === 'gateway') this.#updateEntry(listener, former)
    else if (JSON.stringify(listener.config.tls) !== JSON.stringify(former.config.tls)) {
      const certificate = this.#readCertificate(listener)
      this.#certificate?.close()
      this.#certificate = certificate
    }
    this.#askOriginal = isCaptured(listener) ? openOriginalDestination() : undefined
    this.#listener = listener
    this.#server.maxConnections = listener.config.maxConnections
  }

  #updateEntry(listener: ListenerConfig, former: ListenerConfig): void {
    if (listener.direction !== 'gateway' || former.direction !== 'gateway') return
    if (JSON.stringify(listener.listeners) === JSON.stringify(former.listeners)) return
    const entry = this.#gatewayEntry(listener)
    this.#entry?.close()
    this.#entry = entry
  }

  /** Answers on, with Connection: close; also on connections that still come. */
  drain(): void {
    this.#draining = true
    for (const connection of this.#connections.keys()) connection.drain()
  }

  /** Accepts nothing more and closes what is idle. */
  finish(): void {
    this.#server.close()
    for (const connection of Array.from(this.#connections.keys())) connection.finish()
  }

  /** Cuts what is still open. */
  destroy(code: FailureCode): void {
    this.#server.close()
    this.#certificate?.close()
    this.#entry?.close()
    for (const connection of Array.from(this.#connections.keys())) connection.destroy(code)
    for (const socket of Array.from(this.#sockets)) socket.destroy()
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    let peer: Peer | undefined
    let connection: DownstreamConnection | undefined
    const listener = this.#listener
    const { config } = listener
    const original = this.#askOriginal?.(socket) ?? ''
    if (original === '' && listener.direction === 'inbound' && listener.config.app === undefined) {
      this.#refused('not_captured')
      socket.destroy()
      return
    }
    const options: AcceptOptions = {
      ...this.#spoken(listener),
      proxyProtocol: config.proxyProtocol,
      original,
      expectsServer: this.#deps.pipeline.expectsServer(original),
      certificate: this.#certificate,
      ...this.#mutualTls(listener, original),
      limits: this.#deps.limits(),
      clock: this.#deps.clock,
      handler: (found, caller) => {
        peer = this.#peer(found, original, caller)
        return new ConnectionHandler(peer, this.#deps.pipeline, this.#deps.log, () => {
          if (connection !== undefined) this.#connections.delete(connection)
        })
      },
      opened: (made, protocol) => {
        connection = made
        this.#connections.set(made, { protocol, peer: peer as Peer, sinceMs: this.#deps.clock.nowMs() })
        if (this.#draining) made.drain()
      },
      refused: (reason, detail) => this.#refused(reason, detail),
    }
    accept(socket, options)
  }

  #spoken(listener: ListenerConfig): Pick<AcceptOptions, 'protocol' | 'detectionTimeoutMs' | 'carriesBytes' | 'byHello'> {
    const entry = this.#entry
    if (listener.direction === 'gateway' && entry !== undefined) {
      const byHello = entry.isTls ? (first: Buffer) => entry.choose(first) : undefined
      return { protocol: entry.protocol, detectionTimeoutMs: 0, carriesBytes: false, byHello }
    }
    const { protocol, detectionTimeout } = listener.config as InboundListenerConfig | OutboundListenerConfig
    const named = listener.direction === 'outbound' && listener.config.service !== undefined
    const carriesBytes = listener.direction === 'inbound' || isCaptured(listener) || named
    return { protocol, detectionTimeoutMs: detectionTimeout, carriesBytes, byHello: undefined }
  }

  #mutualTls(listener: ListenerConfig, original: string): Pick<AcceptOptions, 'identity' | 'mtls'> {
    if (listener.direction !== 'inbound') return { identity: undefined, mtls: () => 'disable' }
    const { config } = listener
    const mtls = ({ localAddress }: Ends): MtlsMode =>
      this.#deps.mtlsMode(config, destinationOf(original || localAddress, this.port, config.app).destinationPort)
    return { identity: this.#deps.identity(), mtls }
  }

  #peer(ends: Ends, original: string, caller: KnownPeer | undefined): Peer {
    const listener = this.#listener
    const inbound = listener.direction === 'inbound' ? listener.config : undefined
    return {
      ...ends,
      // what a gateway does for its callers is a call of its own
      direction: this.direction === 'inbound' ? 'inbound' : 'outbound',
      listener: this.name,
      identity: caller?.verified.id,
      clientCert: caller === undefined || inbound === undefined ? undefined : this.#clientCert(caller, inbound),
      source: UNKNOWN,
      ...(inbound === undefined && original === ''
        ? { destinationIp: '', destinationPort: listener.direction === 'gateway' ? listener.config.port : 0 }
        : destinationOf(original || ends.localAddress, this.port, inbound?.app)),
      original: inbound?.app === undefined ? original : '',
      sourceIn: 0,
      gateway: listener.direction === 'gateway' ? gatewayKey(listener.config.gateway, listener.config.port) : '',
      service: listener.direction === 'outbound' ? (listener.config.service ?? '') : '',
      preface: inbound === undefined ? undefined : prefaceFor(inbound.sendProxyProtocol, ends),
    }
  }

  #clientCert({ leaf, verified }: KnownPeer, { forwardClientCert }: InboundListenerConfig): Peer['clientCert'] {
    const by = this.#deps.identity()?.material.own.uri ?? ''
    return clientCertOf(leaf, { by, uri: verified.id.uri }, forwardClientCert)
  }

  #refused(reason: Parameters<AcceptOptions['refused']>[0], detail?: string): void {
    this.#deps.metrics.counter('refusals', { direction: this.direction === 'outbound' ? 'outbound' : 'inbound', reason }).add()
    if (detail !== undefined) this.#deps.log.info('a connection was refused', { listener: this.name, reason, detail })
  }

  #gatewayEntry(listener: ListenerConfig): GatewayEntry | undefined {
    if (listener.direction !== 'gateway') return undefined
    return new GatewayEntry(listener.listeners, this.#deps.clock, this.#deps.log)
  }

  #readCertificate({ config }: ListenerConfig): Certificate | undefined {
    return !('tls' in config) || config.tls === undefined
      ? undefined
      : new Certificate(config.tls, this.#deps.clock, this.#deps.log)
  }
}

function isCaptured(listener: ListenerConfig): boolean {
  return listener.direction !== 'gateway' && listener.config.captured
}
