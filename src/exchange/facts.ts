// What is known of an exchange, as telemetry reads it at the end: one shape, all fields from the start.
import type { RequestHead, ResponseHead } from '../codec/message.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Claims, PolicyInput } from '../policy/input.ts'
import type { Verdict } from '../policy/verdict.ts'
import type { Direction, Outcome, Party } from '../telemetry/outcome.ts'
import { UNKNOWN } from '../telemetry/party.ts'
import type { Judged } from './authorize.ts'
import type { Peer } from './peer.ts'

export class ExchangeFacts implements Outcome, Judged {
  readonly direction: Direction
  readonly kind: Outcome['kind']
  readonly peer: Peer
  readonly request: RequestHead | undefined
  readonly startWallMs: number
  source: Party
  destination: Party = UNKNOWN
  security: Outcome['security'] = 'none'
  response: ResponseHead | undefined = undefined
  status = 0
  grpcStatus = -1
  failure: FailureCode | undefined = undefined
  detail = ''
  requestId = ''
  route = ''
  rule = ''
  claims: Claims | undefined = undefined
  policyInput: PolicyInput | undefined = undefined
  verdict: Verdict | undefined = undefined
  upstreamAddress = ''
  attempts = 0
  requestBytes = 0
  responseBytes = 0
  durationMs = 0
  upstreamMs = 0
  upgraded = false
  recorded = false

  constructor(peer: Peer, request: RequestHead | undefined, kind: Outcome['kind'], startWallMs: number) {
    this.direction = peer.direction
    this.kind = kind
    this.peer = peer
    this.request = request
    this.startWallMs = startWallMs
    this.source = peer.source
  }

  get downstreamAddress(): string {
    return this.peer.remoteAddress
  }

  get localAddress(): string {
    return this.peer.localAddress
  }

  get serverName(): string {
    return this.peer.serverName
  }
}
