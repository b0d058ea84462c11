// The watch over the sidecar's own load, and its metric.
import { Overload } from '../exchange/overload.ts'
import type { SidecarParts } from './parts.ts'

export function watchOverload(parts: Pick<SidecarParts, 'clock' | 'metrics' | 'settings'>): Overload {
  const overload = new Overload({ clock: parts.clock, settings: () => parts.settings.overload })
  parts.metrics.collectFrom('overload', (put) => {
    put({ direction: 'inbound' }, overload.inbound)
    put({ direction: 'outbound' }, overload.outbound)
  })
  return overload
}
