// What a proxy under test is: how to find it and how to start it for a setup.

export interface Setup {
  /** An empty folder for its configuration. */
  readonly folder: string
  readonly port: number
  readonly originPort: number
  /** PEM files; TLS is terminated with them. */
  readonly tls?: { readonly certificate: string; readonly key: string }
  /** One of two sidecars with mutual TLS between them: `near` the caller, `far` the service. PEM files, and who is at the other end. */
  readonly mesh?: {
    readonly side: 'near' | 'far'
    readonly certificate: string
    readonly key: string
    readonly bundle: string
    readonly peer: string
    /** How requests travel between the two, where the peer has a choice. */
    readonly transport?: 'h1' | 'h2'
  }
  /** Routes by path, /r0 and so on, to the origin's service. None: everything goes there. */
  readonly routes: number
  /** Endpoints in all: the origin, and others that are never called, ten to a service. */
  readonly endpoints: number
  readonly workers: number
  /** Policies for outbound requests, of which the last one allows what is called. Left out: none. */
  readonly policies?: number
  /** The origin speaks HTTP/2, as callers do. */
  readonly http2?: boolean
}

export interface Peer {
  readonly name: string
  /** What it needs and where it was looked for, when it is missing. */
  readonly needs: string
  /** Writes its configuration and gives the command; undefined when it is not on this machine. */
  prepare(setup: Setup): readonly string[] | undefined
  /** Has no way to do this. */
  readonly cannot?: readonly ('tls' | 'routes' | 'workers')[]
}

/** Host of all requests. */
export const HOST = 'origin.bench'

/** Endpoints that nobody calls: ten to a service, addresses of a net that is nobody's (RFC 5737). */
export function idleServices(endpoints: number): { name: string; addresses: { host: string; port: number }[] }[] {
  const services = []
  for (let at = 1; at < endpoints; at += 10) {
    const size = Math.min(10, endpoints - at)
    const addresses = Array.from({ length: size }, (_, i) => ({ host: `192.0.2.${1 + i}`, port: 1024 + at }))
    services.push({ name: `idle-${at}`, addresses })
  }
  return services
}
