// Who a verified peer is, as policies name it.

export interface Identity {
  /** <trust domain>/ns/<namespace>/sa/<service account>, without a scheme. */
  readonly principal: string
  /** '' where the principal has another form. */
  readonly namespace: string
  readonly serviceAccount: string
}

const SCHEME = 'spiffe://'
const FORM = /^[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/

/** From a principal with or without its scheme. Whether it is true is for whoever checked the certificate to say. */
export function identityOf(text: string): Identity {
  const principal = text.startsWith(SCHEME) ? text.slice(SCHEME.length) : text
  const [, namespace = '', serviceAccount = ''] = FORM.exec(principal) ?? []
  return { principal, namespace, serviceAccount }
}
