// The certificates that a listener shows: from Secrets, whose content is never shown to anybody.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Path } from '../../problem.ts'
import type { CertificateConfig } from '../../schema/gateways.ts'
import { SECRET } from '../kubernetes/secret.ts'
import type { Resource } from '../resource.ts'
import { API_GROUP, type Context } from './context.ts'
import type { GatewayListener } from './listener.ts'

/** What is missing or broken is left out, with a warning: handshakes that need it fail, and nothing else is shown in its place. */
export function certificatesOf(context: Context, { owner, path, spec }: GatewayListener): CertificateConfig[] {
  const { certificateRefs = [], options } = spec.tls ?? {}
  if (options !== undefined && Object.keys(options).length > 0)
    context.warn(owner, [...path, 'tls', 'options'], 'options of TLS are ignored')
  if (certificateRefs.length === 0)
    context.warn(
      owner,
      [...path, 'tls'],
      `the listener ${spec.name} has no certificate: every handshake fails`,
      'add certificateRefs',
    )
  const found: CertificateConfig[] = []
  for (const [index, { group = '', kind = 'Secret', name, namespace = owner.namespace }] of certificateRefs.entries()) {
    const at = [...path, 'tls', 'certificateRefs', index]
    const missing = (message: string, hint = ''): void => context.warn(owner, at, `${message}; it is not shown to callers`, hint)
    if (group !== '' || kind !== 'Secret') {
      missing(`a certificate of the kind ${kind}${group === '' ? '' : ` of ${group}`} is not understood`, 'understood: Secret')
      continue
    }
    const from = { group: API_GROUP, kind: owner.kind, namespace: owner.namespace }
    if (!context.grants.allows(from, { group: '', kind: 'Secret', namespace, name })) {
      missing(
        `the namespace ${namespace} does not let ${owner.namespace} refer to its Secret ${name}`,
        `a ReferenceGrant in ${namespace} is needed`,
      )
      continue
    }
    const secret = context.resources.of(SECRET).find((one) => one.namespace === namespace && one.name === name)
    if (secret === undefined) missing(`there is no Secret ${namespace}/${name}`)
    else found.push(...certificateIn(context, secret, { owner, at }))
  }
  return found
}

function certificateIn(
  context: Context,
  secret: Resource<ReturnType<typeof SECRET.schema.parse>>,
  { owner, at }: { owner: Resource; at: Path },
): CertificateConfig[] {
  const certificate = secret.value.data.get('tls.crt')
  const key = secret.value.data.get('tls.key')
  const name = `the Secret ${secret.namespace}/${secret.name}`
  const unusable = (why: string): CertificateConfig[] => {
    context.warn(owner, at, `${name} ${why}; it is not shown to callers`)
    return []
  }
  if (certificate === undefined || key === undefined)
    return unusable(`has no ${certificate === undefined ? 'tls.crt' : 'tls.key'}`)
  try {
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
      return unusable('holds a key of another certificate')
  } catch {
    // what the library says may quote what it was given
    return unusable('holds no certificate and key in PEM')
  }
  return [{ certificate, key }]
}
