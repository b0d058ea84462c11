// SMI's TCPRoute: connections by the port that they are for. UDPRoute says nothing of what is carried here.
import { z } from 'zod'
import type { Kind, Resources } from '../resource.ts'
import { metadata } from '../resource.ts'

const EXPECTED_PORT = 'expected a port, 1 to 65535'
const port = z
  .number({ error: EXPECTED_PORT })
  .int({ error: EXPECTED_PORT })
  .min(1, { error: EXPECTED_PORT })
  .max(65535, { error: EXPECTED_PORT })

export const TCP_ROUTE = {
  name: 'TCPRoute',
  namespaced: true,
  schema: z.strictObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata,
    spec: z
      .strictObject({ matches: z.strictObject({ name: z.string().optional(), ports: z.array(port).nullish() }).nullish() })
      .nullish(),
  }),
} as const satisfies Kind

/** Ports by namespace/name of the route; none: every port. */
export function portsOfTcpRoutes(resources: Resources): ReadonlyMap<string, readonly number[]> {
  return new Map(
    resources.of(TCP_ROUTE).map(({ namespace, name, value }) => [`${namespace}/${name}`, value.spec?.matches?.ports ?? []]),
  )
}
