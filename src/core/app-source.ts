// Where the sidecar's own calls to its application come from: the rules of a capture leave these addresses alone, which tells such calls apart
// from an application that calls itself through its service. Istio's proxies use the same ones.

export const APP_SOURCE = { ipv4: '127.0.0.6', ipv6: '::6' } as const

/** For a call to this address. */
export function appSourceFor(host: string): string {
  return host.includes(':') ? APP_SOURCE.ipv6 : APP_SOURCE.ipv4
}
