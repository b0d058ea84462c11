// Makes a newer snapshot true for what is already open: whatever it denies is closed, and whatever it allows does not notice.
import type { DownstreamConnection } from '../codec/stream.ts'
import { parseAddress } from '../core/address.ts'
import { authorizeAgain, denialOfPeer } from '../exchange/authorize.ts'
import { egressDenial } from '../exchange/egress.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { Peer } from '../exchange/peer.ts'
import type { Snapshot } from '../exchange/snapshot.ts'
import type { Verdict } from '../policy/verdict.ts'
import type { Revoked } from '../telemetry/label-values.ts'
import { PASSTHROUGH } from '../telemetry/party.ts'
import type { SidecarParts } from './parts.ts'

/** Traffic goes on in between. */
const SLICE_MS = 5

const UNKNOWN_DESTINATION: Verdict = {
  allowed: false,
  rule: 'unknown-destinations',
  why: 'it goes to no known service, and unknownDestinations is deny',
}

type RevokeParts = Pick<SidecarParts, 'clock' | 'log' | 'metrics' | 'open' | 'listeners' | 'snapshot'>

type Judgement = () => void

/** Begins at once, and goes on in slices when there is much to look at. */
export function revoke(parts: RevokeParts): void {
  const { policies, egress, config } = parts.snapshot
  const asks = policies.inbound !== null || policies.outbound !== null || egress !== null
  if (!asks && config.settings.unknownDestinations === 'allow') return
  new Revocation(parts).run()
}

class Revocation {
  readonly #parts: RevokeParts
  readonly #snapshot: Snapshot<unknown>
  readonly #left: Judgement[]
  /** Most connections come from few peers. */
  readonly #peers = new Map<string, Verdict | undefined>()
  /** By rule: how often it decided. */
  readonly #counts = new Map<string, number>()

  constructor(parts: RevokeParts) {
    this.#parts = parts
    this.#snapshot = parts.snapshot
    const connections = [...parts.listeners.values()].flatMap((listener) => [...listener.connections])
    // exchanges first: connections are looked at when nothing is under way there any more
    this.#left = [
      ...connections.map(
        ([connection, { peer }]): Judgement =>
          () =>
            this.#judgeConnection(connection, peer),
      ),
      ...Array.from(
        parts.open,
        (x): Judgement =>
          () =>
            this.#judgeExchange(x),
      ),
    ]
  }

  run(): void {
    const { clock, log } = this.#parts
    // a newer one still has begun to look by itself
    if (this.#parts.snapshot !== this.#snapshot) return
    const untilMs = clock.nowMs() + SLICE_MS
    for (let judge = this.#left.pop(); judge !== undefined; judge = this.#left.pop()) {
      judge()
      if (clock.nowMs() < untilMs || this.#left.length === 0) continue
      setImmediate(() => this.run())
      return
    }
    for (const [rule, count] of this.#counts) log.warn('closed what a newer configuration denies', { rule, count })
  }

  #judgeExchange(x: Exchange): void {
    // it will be asked by the newest configuration
    if (x.unidentified) return
    const verdict = authorizeAgain(this.#snapshot, x.peer, x.request, x)
    const denial = verdict?.allowed === false ? verdict : (this.#egressDenial(x) ?? this.#unknownDenial(x))
    if (denial === undefined) return
    const kind = x.kind === 'tcp' ? 'connection' : x.upgraded ? 'tunnel' : x.streaming ? 'stream' : 'request'
    this.#count(kind, x.peer, denial)
    x.revoke(denial)
  }

  /** Attempts to come ask the newer one as well. */
  #egressDenial(x: Exchange): Verdict | undefined {
    const { egress } = this.#snapshot
    if (x.direction !== 'outbound') return undefined
    x.egress = egress
    const target = parseAddress(x.upstreamAddress)
    return egress === null || target === undefined ? undefined : egressDenial(egress, target)
  }

  /** What was passed on to no known service, and would be refused by now. */
  #unknownDenial({ destination, request, upstreamAddress }: Exchange): Verdict | undefined {
    const { services, addresses, config } = this.#snapshot
    if (destination !== PASSTHROUGH || config.settings.unknownDestinations === 'allow') return undefined
    const known = request === undefined ? undefined : services.get(request.authority, request.scheme)
    return known === undefined && addresses.get(upstreamAddress) === undefined ? UNKNOWN_DESTINATION : undefined
  }

  /** One that waits for its next request, which would be denied whatever it is. */
  #judgeConnection(connection: DownstreamConnection, peer: Peer): void {
    if (peer.direction === 'outbound' && peer.gateway === '') return
    const denial = this.#peerDenial(peer)
    if (denial === undefined) return
    this.#count('idle_connection', peer, denial)
    // HTTP/2 says GOAWAY
    if (connection.active === 0) connection.finish()
    else connection.destroy('policy_denied')
  }

  #peerDenial(peer: Peer): Verdict | undefined {
    const key = [peer.identity?.principal, peer.remoteIp, peer.destinationIp, peer.destinationPort, peer.serverName].join(' ')
    if (!this.#peers.has(key)) this.#peers.set(key, denialOfPeer(this.#snapshot, peer))
    return this.#peers.get(key)
  }

  #count(kind: Revoked, { direction }: Peer, { rule }: Verdict): void {
    this.#parts.metrics.counter('revocations', { direction, kind, rule }).add()
    this.#counts.set(rule, (this.#counts.get(rule) ?? 0) + 1)
  }
}
