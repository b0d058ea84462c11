// What is known of a connection from downstream before its first exchange.
import { parseAddress } from '../core/address.ts'
import type { Identity } from '../policy/identity.ts'
import type { Direction, Party } from '../telemetry/outcome.ts'
import type { ClientCert } from './client-cert.ts'

export interface Peer {
  readonly direction: Direction
  /** Address of the listener, as the settings write it: its name. */
  readonly listener: string
  /** Of the caller, '10.0.0.1:40000'; as the PROXY protocol tells it where that is on. */
  readonly remoteAddress: string
  readonly remoteIp: string
  readonly localAddress: string
  /** Verified by mutual TLS; undefined: a plaintext peer. */
  readonly identity: Identity | undefined
  /** What the application is told of that; undefined: nothing. */
  readonly clientCert: ClientCert | undefined
  /** Address that the caller means; ''. */
  readonly destinationIp: string
  /** Port that the caller means: the application's inbound; 0: only the request says. */
  readonly destinationPort: number
  /** Where a captured connection was going and is to be taken, 'host:port'; '' where the listener says so, or the request. */
  readonly original: string
  /** As the snapshot of the latest exchange names it. */
  source: Party
  /** Id of that snapshot; 0: there was none yet. */
  sourceIn: number
  /** Server name that its TLS asked for; ''. */
  readonly serverName: string
  /** Where everything of this listener goes, where that is fixed; ''. */
  readonly service: string
  /** Gateway and its port that this is at, 'namespace/name:port'; '' in the mesh. */
  readonly gateway: string
  /** What each connection that is made for it begins with: a PROXY protocol head. */
  readonly preface: Buffer | undefined
}

/**
 * Where an inbound caller means to go. Where there is one application behind the listener it gets there, whatever address it was
 * captured on its way to, or a proxy in front says; elsewhere the address says it. `local`: the near end of the connection.
 */
export function destinationOf(local: string, listenPort: number, app = ''): Pick<Peer, 'destinationIp' | 'destinationPort'> {
  const near = parseAddress(local)
  const behind = parseAddress(app)
  const destinationIp = near?.kind === 'tcp' ? near.host : ''
  if (behind !== undefined) return { destinationIp, destinationPort: behind.kind === 'tcp' ? behind.port : listenPort }
  return { destinationIp, destinationPort: near?.kind === 'tcp' ? near.port : listenPort }
}
