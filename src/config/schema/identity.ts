// Who this sidecar is to others and whom it believes: certificate, key and trust bundles from mounted files.
import { z } from 'zod'

const file = () => z.string().min(1)

export const identity = z.strictObject({
  folder: file()
    .optional()
    .describe(
      'Folder with `tls.crt`, `tls.key` and `ca.crt`, as cert-manager, Kubernetes Secrets and `outrigger ca` lay them out.',
    ),
  certificate: file()
    .optional()
    .describe('PEM file with the certificate chain, the own certificate first; `tls.crt` of the folder when left out.'),
  key: file().optional().describe('PEM file with the private key; `tls.key` of the folder when left out.'),
  trustBundle: file()
    .optional()
    .describe('PEM file with the authorities of the own trust domain; `ca.crt` of the folder when left out.'),
  federated: z
    .record(z.string(), file())
    .default({})
    .describe('Further trust domains that are believed, each with the PEM file of its own authorities.'),
  crl: file().optional().describe('PEM file with certificate revocation lists of any of the authorities.'),
})

export const mtlsMode = z.enum(['strict', 'permissive', 'disable'])

export const mtlsPorts = z.partialRecord(z.string().regex(/^\d{1,5}$/, { error: 'expected a port, 1 to 65535' }), mtlsMode)

/** How Envoy treats x-forwarded-client-cert; its always_forward_only would believe anybody. */
export const forwardClientCert = z.enum(['sanitize', 'forward_only', 'append_forward', 'sanitize_set'])

export type IdentityConfig = z.output<typeof identity>
export type MtlsMode = z.output<typeof mtlsMode>
