// x-forwarded-client-cert as Envoy writes it: what the application is told of the certificate of who called (Envoy docs, HTTP connection
// manager, header manipulation). Only what this sidecar has verified itself is told, or passed on from whom it has verified.
// hot path: bench/macro
import type { X509Certificate } from 'node:crypto'
import type { InboundListenerConfig } from '../config/schema/listeners.ts'
import type { Fields } from '../core/fields.ts'

const NAME = 'x-forwarded-client-cert'

export interface ClientCert {
  readonly mode: InboundListenerConfig['forwardClientCert']
  /** What is said of the caller. */
  readonly element: string
}

/** `by`: who is called; `uri`: who calls. */
export function clientCertOf(leaf: X509Certificate, ends: { by: string; uri: string }, mode: ClientCert['mode']): ClientCert {
  const hash = leaf.fingerprint256.replaceAll(':', '').toLowerCase()
  return { mode, element: `By=${ends.by};Hash=${hash};Subject="${quoted(subjectOf(leaf))}";URI=${ends.uri}` }
}

/** `caller`: undefined where nobody has verified who calls. */
export function tellClientCert(fields: Fields, caller: ClientCert | undefined): void {
  if (caller === undefined || caller.mode === 'sanitize') {
    fields.remove(NAME)
    return
  }
  const { mode, element } = caller
  if (mode === 'forward_only') return
  const told = mode === 'append_forward' ? fields.all(NAME).filter((value) => value !== '') : []
  fields.set(NAME, [...told, element].join(','))
}

/** RFC 2253: the last part first. Node writes a part a line. */
function subjectOf({ subject }: X509Certificate): string {
  // without a subject there is none, whatever the types say
  return ((subject as string | undefined) ?? '').split('\n').toReversed().join(',')
}

function quoted(text: string): string {
  return text.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll(/[^\x20-\x7e]/g, '?')
}
