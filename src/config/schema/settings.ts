// The sidecar's own settings: one definition is the types, the defaults, the messages, the JSON Schema and docs/config.md. Its parts stand
// in files of their own beside this one.
import { z } from 'zod'
import { label } from '../types.ts'
import { gatewaySchema } from './gateways.ts'
import { http2Limits } from './http2.ts'
import { identity } from './identity.ts'
import { drain, httpLimits, tcpLimits } from './limits.ts'
import { gatewayListener, inboundListener, outboundListener } from './listeners.ts'
import { overload } from './overload.ts'
import { policyEntry } from './policies.ts'
import { providerSchema } from './providers.ts'
import { routeSchema } from './routes.ts'
import { serviceSchema } from './services.ts'
import { tcpRouteSchema } from './tcp-routes.ts'
import { accessLog, admin, telemetry } from './telemetry.ts'
import { testSchema } from './tests.ts'
import { tokenSchema } from './tokens.ts'
import { workload } from './workload.ts'

export const settingsSchema = z.strictObject({
  workload: workload.prefault({}).describe('The application instance that this sidecar speaks for.'),
  trustDomain: z.string().default('cluster.local').describe('Trust domain of identities.'),
  trustDomainAliases: z.array(z.string()).default([]).describe('Trust domains that mean the same as `trustDomain`.'),
  identity: identity
    .optional()
    .describe('Certificate and trust for mutual TLS between sidecars. Read again when a file changes. Left out: no mutual TLS.'),
  pathNormalization: z
    .enum(['AUTO', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'])
    .default('AUTO')
    .describe(
      "One form of a path for policy, routing and the application. The last four are Istio's; AUTO is BASE, and refuses ambiguous paths where a rule looks at paths.",
    ),
  trustedHops: z.number().int().min(0).max(32).default(0).describe('Proxies in front whose X-Forwarded-For is believed.'),
  rootNamespace: label().default('istio-system').describe('Policies of this namespace are for workloads of every namespace.'),
  defaultVerdict: z.enum(['allow', 'deny']).default('allow').describe('Where no policy says anything.'),
  listeners: z
    .strictObject({
      inbound: z.array(inboundListener).default([]).describe('Where traffic to the application arrives.'),
      outbound: z.array(outboundListener).default([]).describe("Where the application's own calls arrive."),
      gateway: z.array(gatewayListener).default([]).describe('Where traffic from outside the mesh arrives, for a gateway.'),
    })
    .prefault({})
    .describe('Addresses that the sidecar accepts on.'),
  unknownDestinations: z
    .enum(['allow', 'deny'])
    .default('allow')
    .describe('Outbound traffic to what is no known service: pass it on, or refuse it (Istio: ALLOW_ANY, REGISTRY_ONLY).'),
  telemetry: telemetry.optional().describe('Metrics and health. Left out: not served.'),
  admin: admin.optional().describe('Admin. Left out: not served.'),
  accessLog: accessLog.prefault({}).describe('One line for each exchange.'),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info').describe('Own log, to stderr.'),
  http: httpLimits.prefault({}).describe('Limits of HTTP connections.'),
  http2: http2Limits
    .prefault({})
    .describe(
      'Limits of HTTP/2 connections, besides those of HTTP. A peer that passes one that no honest peer meets is told ENHANCE_YOUR_CALM and cut off.',
    ),
  tcp: tcpLimits.prefault({}).describe('Limits of TCP connections.'),
  overload: overload.prefault({}).describe('When the sidecar itself has too much to do.'),
  drain: drain.prefault({}).describe('How the sidecar stops.'),
  workers: z.number().int().min(1).max(64).default(1).describe('Processes that share the listeners, one core each.'),
  services: z.array(serviceSchema).default([]).describe('Destinations, besides those in Kubernetes documents.'),
  extensionProviders: z.array(providerSchema).default([]).describe('Whom policies with the action `custom` ask.'),
  tests: z
    .array(testSchema)
    .default([])
    .describe('Requests and what is to become of them; `check` and every load hold the configuration to it.'),
  tokens: z.array(tokenSchema).default([]).describe('JSON Web Tokens that are believed, besides those in Kubernetes documents.'),
  policies: z.array(policyEntry).default([]).describe('Who may do what, besides policies in Kubernetes documents.'),
  routes: z.array(routeSchema).default([]).describe('What happens to outbound requests, besides routes in Kubernetes documents.'),
  tcpRoutes: z
    .array(tcpRouteSchema)
    .default([])
    .describe('Where outbound connections go that are not HTTP, besides routes in Kubernetes documents.'),
  gateways: z.array(gatewaySchema).default([]).describe('Gateways, besides those in Kubernetes documents.'),
})

export type Settings = z.output<typeof settingsSchema>
