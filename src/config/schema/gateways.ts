// Gateways: where traffic from outside the mesh comes in, and how its listeners are told apart.
import { z } from 'zod'
import { label, name, port } from '../types.ts'

export const certificate = z.strictObject({
  certificate: z.string().describe('PEM file with the certificate chain, or the PEM text itself.'),
  key: z.string().describe('PEM file with the private key, or the PEM text itself.'),
})

const gatewayListener = z.strictObject({
  name: z.string().min(1).describe('Name, for routes that are for this listener alone.'),
  port: port().describe('Port that callers see; `listeners.gateway` says where it is really listened.'),
  protocol: z
    .enum(['http', 'https', 'tls', 'tcp'])
    .describe(
      '`http`, and `https` by TLS that ends here; `tls`: by server name, passed through unless `tls` is given; `tcp`: bytes.',
    ),
  host: z
    .string()
    .optional()
    .describe('Host that it is for: exact or `*.suffix`. Left out: any. The most specific listener of a port gets the request.'),
  tls: z
    .strictObject({
      certificates: z
        .array(certificate)
        .default([])
        .describe('Shown to callers, by the name that they ask for. None: handshakes fail.'),
    })
    .optional()
    .describe('End TLS here.'),
})

export const gatewaySchema = z.strictObject({
  name: name().describe('Name of the gateway.'),
  namespace: label().default('default').describe('Namespace of the gateway.'),
  listeners: z.array(gatewayListener).describe('What it listens on.'),
})

export type GatewayConfig = z.output<typeof gatewaySchema>
export type CertificateConfig = z.output<typeof certificate>
