// What the sidecar puts up with from its peers, and how long it waits when it stops.
import { z } from 'zod'
import { duration, size } from '../types.ts'

export const httpLimits = z.strictObject({
  maxHeadBytes: size('60KiB').describe('Bytes of a head; more gets 431.'),
  maxFields: z.number().int().min(1).max(10_000).default(100).describe('Fields of a head; more gets 431.'),
  headTimeout: duration('10s').describe('Time for a request head to arrive. "0": no limit.'),
  idleTimeout: duration('1h').describe('Downstream connections without a request are closed after this time. "0": no limit.'),
  bodyTimeout: duration('1m').describe('Time without a byte of a request body, or with a peer that takes none. "0": no limit.'),
  upgradeIdleTimeout: duration('1h').describe('Upgraded connections and tunnels without a byte. "0": no limit.'),
  upgrades: z
    .array(z.string())
    .default(['websocket'])
    .describe('Tokens that Upgrade may name; requests with others go on without an upgrade.'),
  highWater: size('64KiB').describe('Bytes that may wait for a slow peer before its source is paused.'),
})

export const tcpLimits = z.strictObject({
  idleTimeout: duration('1h').describe('TCP connections without a byte in either direction. "0": no limit.'),
})

export const drain = z.strictObject({
  grace: duration('5s').describe(
    'After SIGTERM: how long requests, streams and upgraded connections may finish before they are told to go.',
  ),
  limit: duration('30s').describe('After SIGTERM: everything still open is cut at this time.'),
})
