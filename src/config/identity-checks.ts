// Checks of identity: all files named, trust domains that can be, and no listener that asks for more than there is.
import type { Draft } from './draft.ts'
import { identityFiles } from './identity-files.ts'
import type { Path, Problems } from './problem.ts'
import { formatPath, quote } from './problem.ts'
import type { InboundListenerConfig } from './schema/listeners.ts'

const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/
const EXPECTED_DOMAIN = 'expected a trust domain of lower-case letters, digits, ".", "-" and "_"'

export function checkIdentity(draft: Draft, problems: Problems): void {
  const { value: settings, at } = draft.settings
  const { identity, trustDomain, trustDomainAliases, listeners } = settings
  const error = (path: Path, message: string, hint?: string) => problems.error(at(path), `${formatPath(path)}: ${message}`, hint)
  const own = [trustDomain, ...trustDomainAliases]
  own.forEach((domain, index) => {
    const path = index === 0 ? ['trustDomain'] : ['trustDomainAliases', index - 1]
    if (!TRUST_DOMAIN.test(domain)) error(path, `${EXPECTED_DOMAIN}, got ${quote(domain)}`)
  })
  if (identity !== undefined) {
    if (identityFiles(identity) === undefined) error(['identity'], 'it takes a folder, or certificate, key and trustBundle')
    for (const domain of Object.keys(identity.federated)) {
      const path = ['identity', 'federated', domain]
      if (!TRUST_DOMAIN.test(domain)) error(path, `${EXPECTED_DOMAIN}, got ${quote(domain)}`)
      else if (own.includes(domain))
        error(path, 'this is the own trust domain', 'its authorities belong into identity.trustBundle')
    }
  }
  for (const [index, listener] of listeners.inbound.entries()) {
    const path = ['listeners', 'inbound', index, ...keyThatAsks(listener)]
    if (path.length === 3) continue
    if (identity === undefined) error(path, 'mutual TLS needs a certificate', 'add identity')
    else if (listener.tls !== undefined)
      error(path, 'the listener terminates TLS with a certificate of its own', 'leave out tls, or mtls')
  }
}

/** Path of what asks for mutual TLS; empty: nothing does. */
function keyThatAsks({ mtls, mtlsPorts }: InboundListenerConfig): Path {
  if (mtls !== undefined && mtls !== 'disable') return ['mtls']
  for (const [port, mode] of Object.entries(mtlsPorts)) if (mode !== 'disable') return ['mtlsPorts', port]
  return []
}
