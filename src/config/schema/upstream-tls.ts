// TLS to the endpoints of a service.
import { z } from 'zod'

const file = () => z.string().min(1)

export const upstreamTls = z.strictObject({
  mode: z
    .enum(['auto', 'mesh', 'simple', 'mutual', 'disable'])
    .default('auto')
    .describe(
      '`auto`: mutual TLS by `identity` with endpoints that have a sidecar (label `security.istio.io/tlsMode: istio`), plaintext with others; `mesh`: mutual TLS by `identity` with all of them (Istio: ISTIO_MUTUAL); `simple`: TLS; `mutual`: TLS with the certificate named here; `disable`: plaintext.',
    ),
  sni: z
    .string()
    .optional()
    .describe('Server name to ask for; left out, the host of the endpoint, and for `mesh` a name that is made of the service.'),
  subjectAltNames: z
    .array(z.string())
    .default([])
    .describe(
      'One of these names, DNS or URI, must be in the certificate. Left out: the name that was asked for; between sidecars the service account of the endpoint, or, where that is not known, any of the namespace of the service.',
    ),
  caCertificates: file()
    .optional()
    .describe('PEM file with the authorities that are believed. Left out: those that the system has.'),
  certificate: file().optional().describe('PEM file with the certificate chain to show, for `mutual`.'),
  key: file().optional().describe('PEM file with its private key, for `mutual`.'),
})

export type UpstreamTlsConfig = z.output<typeof upstreamTls>
