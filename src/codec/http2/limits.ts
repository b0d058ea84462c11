// What the HTTP/2 codec puts up with from a peer. Each limit has a default that no honest peer meets, and says so when it strikes.
import type { HttpLimits } from '../limits.ts'

export const LIMIT_REASONS = [
  'streams',
  'resets',
  'provoked_resets',
  'settings',
  'pings',
  'empty_frames',
  'window_updates',
  'priorities',
  'continuations',
  'head_bytes',
  'unread_bytes',
  'stalled_stream',
  'preface',
  'settings_ack',
] as const
export type LimitReason = (typeof LIMIT_REASONS)[number]

/** So many at once, and so many a second in the long run. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

export interface Http2Limits extends HttpLimits {
  /** Streams that a peer may have open at once. More are refused, which is harmless to the caller. */
  readonly maxStreams: number
  /** Bytes of a body that a peer may send before we have taken them: the memory that a stream may hold. */
  readonly streamWindowBytes: number
  /** The same for all streams of a connection; given back as it comes, so that one that waits does not hold up the others. */
  readonly connectionWindowBytes: number
  /** Of our decoding table, and the most of our encoding table. */
  readonly hpackTableBytes: number
  /** CONTINUATION frames of one header block. */
  readonly maxContinuations: number
  /** Heads and control frames that may wait for a peer that does not read. */
  readonly maxUnreadBytes: number
  /** Streams that the peer gives up before they are answered (rapid reset, CVE-2023-44487). */
  readonly resets: Rate
  /** Streams that we have to reset or refuse because of what the peer does with them (CVE-2025-8671). */
  readonly provokedResets: Rate
  readonly settings: Rate
  readonly pings: Rate
  /** DATA without data, but for the last of a stream. */
  readonly emptyFrames: Rate
  /** Each DATA frame that we send pays for four more. */
  readonly windowUpdates: Rate
  /** PRIORITY and frames of unknown types. */
  readonly priorities: Rate
  /** Until the peer acknowledges our SETTINGS. */
  readonly settingsTimeoutMs: number
  /** PING after so long without a byte from an endpoint that has exchanges under way. gRPC servers mind less than 5 minutes. 0: never. */
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
  /** Age, give or take a tenth, at which a connection to an endpoint takes no more exchanges. 0: no limit. */
  readonly maxAgeMs: number
  /** Told each time a limit strikes. */
  readonly onLimit: (reason: LimitReason) => void
}

export const HTTP2_DEFAULTS = {
  maxStreams: 128,
  streamWindowBytes: 262_144,
  connectionWindowBytes: 16_777_216,
  hpackTableBytes: 4096,
  maxContinuations: 16,
  maxUnreadBytes: 262_144,
  resets: { burst: 1000, perSecond: 200 },
  provokedResets: { burst: 200, perSecond: 20 },
  settings: { burst: 100, perSecond: 10 },
  pings: { burst: 1000, perSecond: 100 },
  emptyFrames: { burst: 200, perSecond: 20 },
  windowUpdates: { burst: 4000, perSecond: 400 },
  priorities: { burst: 1000, perSecond: 100 },
  settingsTimeoutMs: 10_000,
  pingIntervalMs: 310_000,
  pingTimeoutMs: 20_000,
  maxAgeMs: 0,
  onLimit: (): void => {},
} as const satisfies Omit<Http2Limits, keyof HttpLimits>
