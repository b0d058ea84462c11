// A service of which nobody said anything: what an application, or a destination that nobody configured, is carried as.
import { type ServiceConfig, serviceSchema } from './schema/services.ts'

/** Its endpoint is the limit of its traffic. */
const UNLIMITED = { connections: 1_000_000, pending: 1_000_000, requests: 1_000_000 } as const

export function plainService(): ServiceConfig {
  return serviceSchema.parse({ name: 'plain', port: 1, limits: UNLIMITED })
}
