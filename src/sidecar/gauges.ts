// Numbers that somebody keeps anyway: read when they are asked for.
import type { Load } from '../upstream/pool/load.ts'
import type { SidecarParts } from './parts.ts'

type Read = (service: string, load: Load, pools: { open: number; idle: number }) => void

export function collectGauges({ metrics, registry, listeners, readiness }: SidecarParts): void {
  metrics.collectFrom('ready', (put) => put({}, readiness.ready ? 1 : 0))
  metrics.collectFrom('downstreamConnections', (put) => {
    for (const listener of listeners.values()) put({ listener: listener.name }, listener.open)
  })
  const each = (read: Read): void => {
    for (const { name, carrier, kind } of registry.all()) {
      // callers choose the names of these
      if (kind === 'passthrough') continue
      for (const service of carrier.services) read(name, service.load, service.pools)
    }
  }
  metrics.collectFrom('upstreamPending', (put) => each((service, load) => put({ service }, load.pending)))
  metrics.collectFrom('upstreamRequests', (put) => each((service, load) => put({ service }, load.requests)))
  metrics.collectFrom('upstreamConnects', (put) => each((service, load) => put({ service }, load.connects)))
  metrics.collectFrom('upstreamConnections', (put) =>
    each((service, _load, { open, idle }) => {
      put({ service, state: 'idle' }, idle)
      put({ service, state: 'active' }, open - idle)
    }),
  )
}
