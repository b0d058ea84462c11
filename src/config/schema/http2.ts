// What the sidecar puts up with from peers that speak HTTP/2. The defaults are far from what an honest peer does.
import { z } from 'zod'
import { duration, size } from '../types.ts'

const LARGEST_WINDOW = 2_147_483_647

const rate = (burst: number, perSecond: number) =>
  z
    .strictObject({
      burst: z.number().int().min(1).max(1_000_000).default(burst).describe('So many at once.'),
      perSecond: z.number().min(0).max(1_000_000).default(perSecond).describe('So many a second in the long run.'),
    })
    .prefault({})

/** What a window of flow control may be (RFC 9113 §6.9.1). */
const window = (byDefault: string, least: number) =>
  size(byDefault).refine((bytes) => bytes >= least && bytes <= LARGEST_WINDOW, {
    error: `expected ${least} to ${LARGEST_WINDOW} bytes`,
  })

export const http2Limits = z.strictObject({
  maxStreams: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(128)
    .describe('Streams that a connection may have open at once; more are refused, and the caller may send them again.'),
  streamWindow: window('256KiB', 1).describe(
    'Bytes of a body that may come before they are taken: the memory that a stream may hold.',
  ),
  connectionWindow: window('16MiB', 65_535).describe(
    'The same for all streams of a connection together; given back as bytes come.',
  ),
  hpackTable: size('4KiB')
    .refine((bytes) => bytes <= 1_048_576, { error: 'expected 1MiB at most' })
    .describe('Table of header compression, for each direction of a connection.'),
  maxContinuations: z.number().int().min(0).max(1000).default(16).describe('CONTINUATION frames of one head.'),
  maxUnread: size('256KiB').describe('Heads and control frames that may wait for a peer that does not read.'),
  resets: rate(1000, 200).describe('Streams that a caller gives up before they are answered (rapid reset).'),
  provokedResets: rate(200, 20).describe('Streams that have to be reset or refused because of what the peer does with them.'),
  settings: rate(100, 10).describe('SETTINGS frames.'),
  pings: rate(1000, 100).describe('PING frames.'),
  emptyFrames: rate(200, 20).describe('DATA frames without data that do not end a stream.'),
  windowUpdates: rate(4000, 400).describe('WINDOW_UPDATE frames, besides four for each DATA frame sent.'),
  priorities: rate(1000, 100).describe('PRIORITY frames and frames of unknown types.'),
  settingsTimeout: duration('10s').describe('Time for a peer to acknowledge SETTINGS. "0": no limit.'),
  pingInterval: duration('310s').describe(
    'PING to an endpoint that has exchanges under way and has been silent for so long; gRPC servers mind less than 5 minutes. "0": never.',
  ),
  pingTimeout: duration('20s').describe('Time for the answer to that PING; without one the connection is given up.'),
  maxAge: duration('0').describe(
    'Age, give or take a tenth, from which a connection to an endpoint takes no more exchanges. "0": no limit.',
  ),
})
