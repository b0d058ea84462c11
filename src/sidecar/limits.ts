// The limits of the codecs, from the settings: new connections take them, so that they hold from a reload on.
import type { Http2Limits, LimitReason } from '../codec/http2/limits.ts'
import type { Settings } from '../config/schema/settings.ts'
import type { Metrics } from '../telemetry/metrics.ts'

export interface SidecarLimits {
  readonly downstream: Http2Limits
  readonly upstream: Http2Limits
}

export function limitsOf({ http, http2 }: Settings, metrics: Metrics): SidecarLimits {
  const of = (side: 'downstream' | 'upstream'): Http2Limits => ({
    maxHeadBytes: http.maxHeadBytes,
    maxFields: http.maxFields,
    headTimeoutMs: http.headTimeout,
    idleTimeoutMs: http.idleTimeout,
    bodyTimeoutMs: http.bodyTimeout,
    upgrades: new Set(http.upgrades.map((token) => token.toLowerCase())),
    highWaterBytes: http.highWater,
    maxStreams: http2.maxStreams,
    streamWindowBytes: http2.streamWindow,
    connectionWindowBytes: http2.connectionWindow,
    hpackTableBytes: http2.hpackTable,
    maxContinuations: http2.maxContinuations,
    maxUnreadBytes: http2.maxUnread,
    resets: http2.resets,
    provokedResets: http2.provokedResets,
    settings: http2.settings,
    pings: http2.pings,
    emptyFrames: http2.emptyFrames,
    windowUpdates: http2.windowUpdates,
    priorities: http2.priorities,
    settingsTimeoutMs: http2.settingsTimeout,
    pingIntervalMs: http2.pingInterval,
    pingTimeoutMs: http2.pingTimeout,
    maxAgeMs: http2.maxAge,
    onLimit: (reason: LimitReason) => metrics.counter('http2Limits', { side, reason }).add(),
  })
  return { downstream: of('downstream'), upstream: of('upstream') }
}
