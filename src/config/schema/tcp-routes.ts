// Where connections go that are not HTTP: by what they address and by the server name of their TLS.
import { z } from 'zod'
import { optionalDuration, port } from '../types.ts'
import { weightedService } from './route-actions.ts'
import { routeScope } from './routes.ts'

export const tcpRouteSchema = z.strictObject({
  name: z.string().min(1).describe('Name, for logs, metrics and `explain`.'),
  ...routeScope,
  hosts: z
    .array(z.string())
    .default([])
    .describe('Server names that TLS asks for: exact or `*.suffix`. Empty: any connection, TLS or not.'),
  destinations: z
    .array(z.string())
    .default([])
    .describe(
      'What the caller addresses: services (name.namespace, with :port) or address blocks such as `10.0.0.0/8`. Empty: any.',
    ),
  ports: z.array(port()).default([]).describe('Ports that the caller addresses. Empty: any.'),
  services: z
    .array(weightedService.pick({ service: true, subset: true, weight: true }))
    .default([])
    .describe('Where it goes, by weight.'),
  idleTimeout: optionalDuration().describe('Without a byte in either direction; `tcp.idleTimeout` when left out. "0": no limit.'),
})

export type TcpRouteConfig = z.output<typeof tcpRouteSchema>
