// What the admin may see and do of a sidecar, as plain objects.
import type { AdminView, ConnectionView, EndpointView, ServiceView } from '../admin/view.ts'
import { LOG_LEVELS, type LogLevel } from '../telemetry/log.ts'
import type { SidecarParts } from './parts.ts'

export function adminView(sidecar: SidecarParts): AdminView {
  return {
    readiness: () => ({ ready: sidecar.readiness.ready, missing: sidecar.readiness.missing }),
    settings: () => sidecar.settings,
    services: () => services(sidecar),
    connections: () => connections(sidecar),
    reloads: () => ({
      generation: sidecar.snapshot.id,
      loadedAt: new Date(sidecar.loadedAtMs).toISOString(),
      refused: sidecar.refused,
      problems: sidecar.problems,
    }),
    certificates: () => [
      ...(sidecar.identity === undefined ? [] : [sidecar.identity.describe()]),
      ...[...sidecar.listeners.values()].flatMap(({ certificate }) =>
        certificate === undefined ? [] : [certificate.describe()],
      ),
    ],
    logLevel: () => sidecar.log.level,
    setLogLevel(level) {
      if (!(LOG_LEVELS as readonly string[]).includes(level)) return false
      sidecar.log.level = level as LogLevel
      return true
    },
    drain: () => sidecar.drain(),
    quit: () => sidecar.quit(),
    metricsText: () => sidecar.metrics.text(),
  }
}

function services(sidecar: SidecarParts): ServiceView[] {
  const views: ServiceView[] = []
  for (const { name, carrier } of sidecar.registry.all()) {
    const [service] = carrier.services
    const endpoints = (service?.endpoints ?? []).map(
      (endpoint): EndpointView => ({
        address: endpoint.address,
        zone: endpoint.zone ?? '',
        weight: endpoint.weight,
        labels: endpoint.labels,
        ...endpoint.state,
        connections: openOf(endpoint.pool) + openOf(endpoint.http2Pool),
        requests: endpoint.active,
      }),
    )
    views.push({ service: name, protocol: carrier.config.protocol, pending: service?.load.pending ?? 0, endpoints })
  }
  return views
}

function connections(sidecar: SidecarParts): ConnectionView[] {
  const nowMs = sidecar.clock.nowMs()
  return [...sidecar.listeners.values()].flatMap((listener) =>
    [...listener.connections].map(([connection, { protocol, peer, sinceMs }]) => ({
      direction: listener.direction,
      listener: listener.name,
      protocol,
      downstream: peer.remoteAddress,
      upstream: '',
      principal: peer.identity?.principal ?? '',
      ageMs: Math.round(nowMs - sinceMs),
      active: connection.active,
    })),
  )
}

function openOf(pool: unknown): number {
  return (pool as { open: number } | undefined)?.open ?? 0
}
