// The doors for operators: metrics and health, and admin.
import { AdminServer } from '../admin/server.ts'
import type { Lifecycle } from '../core/lifecycle.ts'
import { runProbe } from '../telemetry/app-probes.ts'
import { TelemetryServer } from '../telemetry/server.ts'
import type { SidecarParts } from './parts.ts'
import { adminView } from './view.ts'

/** Rejects with words for the user when one can't be opened. */
export async function openDoors(parts: SidecarParts, life: Lifecycle): Promise<TelemetryServer | undefined> {
  const { settings, log, metrics, readiness, clock } = parts
  const { telemetry, admin } = settings
  let server: TelemetryServer | undefined
  if (telemetry !== undefined) {
    const metricsText = (): AsyncIterable<string> => metrics.text()
    // of the configuration that is in force when it is asked
    const probe = (name: string): Promise<string | undefined> => runProbe(parts.settings.telemetry?.probes ?? [], name, clock)
    server = life.own(await TelemetryServer.start(telemetry.listen, { metricsText, readiness, log, probe }))
  }
  if (admin !== undefined) life.own(await AdminServer.start(admin.listen, adminView(parts)))
  return server
}
