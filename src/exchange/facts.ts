// What is known of an exchange, as telemetry reads it at the end: one shape, all fields from the start.
import { MessageCounts } from '../codec/grpc.ts'
import type { RequestHead, ResponseHead } from '../codec/message.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Fields } from '../core/fields.ts'
import type { Due } from '../policy/custom/rules.ts'
import type { Claims, PolicyInput } from '../policy/input.ts'
import type { Isolation } from '../policy/network/isolation.ts'
import type { Verdict } from '../policy/verdict.ts'
import type { FieldChange } from '../routing/edits.ts'
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
  security: Outcome['security']
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
  due: readonly Due[] | null = null
  /** What the caller gets besides, by the word of those who were asked. */
  alsoRespond: FieldChange | null = null
  upstreamAddress = ''
  attempts = 0
  requestBytes = 0
  responseBytes = 0
  durationMs = 0
  upstreamMs = 0
  upgraded = false
  /** Which endpoints the workload may reach; null: all. */
  egress: Isolation | null = null
  /** Whose it is is being found out: policies have not been asked yet. */
  unidentified = false
  recorded = false
  delayed = false
  /** Among those under way. */
  place = -1
  /** What every response says besides, whoever it comes from; null: nothing. */
  ownEdits: FieldChange | null = null
  /** Of gRPC only. */
  readonly messages: MessageCounts | undefined

  constructor(peer: Peer, request: RequestHead | undefined, kind: Outcome['kind'], startWallMs: number) {
    this.direction = peer.direction
    this.kind = kind
    this.peer = peer
    this.request = request
    this.startWallMs = startWallMs
    this.source = peer.source
    this.messages = kind === 'grpc' ? new MessageCounts() : undefined
    this.security = peer.identity === undefined ? 'none' : 'mutual_tls'
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

  get requestMessages(): number {
    return this.messages?.request.count ?? 0
  }

  get responseMessages(): number {
    return this.messages?.response.count ?? 0
  }

  /** Of a response head or trailers. */
  protected noteGrpc(fields: Fields): void {
    const status = fields.get('grpc-status')
    if (status !== undefined && /^\d{1,2}$/.test(status)) this.grpcStatus = Number(status)
  }
}
