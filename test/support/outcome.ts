// Outcomes of exchanges that never were.
import type { RequestHead } from '../../src/codec/message.ts'
import { Fields } from '../../src/core/fields.ts'
import type { Outcome } from '../../src/telemetry/outcome.ts'
import { partyOf } from '../../src/telemetry/party.ts'

export const cart = partyOf({ name: 'cart-1', namespace: 'shop', labels: { app: 'cart', version: 'v1' } })
export const catalog = partyOf(
  { name: 'catalog-1', namespace: 'shop', labels: { app: 'catalog', version: 'v2' } },
  { host: 'catalog.shop.svc.cluster.local', name: 'catalog', namespace: 'shop' },
)

export function requestHead(parts: Partial<RequestHead> = {}): RequestHead {
  return {
    version: '1.1',
    method: 'GET',
    scheme: 'http',
    authority: 'catalog.shop',
    path: '/items?x=1',
    fields: Fields.of(['Host', 'catalog.shop'], ['User-Agent', 'curl/8.0']),
    bodyLength: 0,
    upgrade: '',
    acceptsTrailers: false,
    expectsContinue: false,
    absolute: false,
    ...parts,
  }
}

/** 2 ms in all, 1.5 of them upstream, 200, 1 KiB. */
export function outcome(parts: Partial<Outcome> = {}): Outcome {
  return {
    direction: 'inbound',
    source: cart,
    destination: catalog,
    security: 'none',
    kind: 'http',
    request: requestHead(),
    response: undefined,
    status: 200,
    grpcStatus: -1,
    failure: undefined,
    detail: '',
    requestId: 'id-1',
    route: 'items',
    rule: '',
    downstreamAddress: '10.0.1.1:40000',
    localAddress: '10.0.1.2:15006',
    upstreamAddress: '127.0.0.1:8080',
    attempts: 1,
    requestBytes: 0,
    responseBytes: 1024,
    startWallMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    durationMs: 2,
    upstreamMs: 1.5,
    upgraded: false,
    ...parts,
  }
}
