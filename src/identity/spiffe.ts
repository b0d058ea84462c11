// Who somebody is: spiffe://<trust domain>/ns/<namespace>/sa/<service account>, as Istio writes it. Read strictly: what could be
// understood in two ways is nobody.

export interface SpiffeId {
  readonly trustDomain: string
  readonly namespace: string
  readonly serviceAccount: string
  readonly uri: string
  /** Without the scheme, as policies write it. */
  readonly principal: string
}

// SPIFFE-ID §2: a trust domain has no upper case, no port and no user
const FORM =
  /^spiffe:\/\/([a-z0-9._-]{1,255})\/ns\/([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/sa\/([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)$/

export function parseSpiffeId(uri: string): SpiffeId | undefined {
  const match = FORM.exec(uri)
  if (match === null) return undefined
  const [, trustDomain, namespace, serviceAccount] = match as unknown as [string, string, string, string]
  return { trustDomain, namespace, serviceAccount, uri, principal: uri.slice('spiffe://'.length) }
}

export function spiffeUri(trustDomain: string, namespace: string, serviceAccount: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`
}
