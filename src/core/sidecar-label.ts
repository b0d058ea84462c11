// What tells that a Pod has a sidecar that speaks mutual TLS: Istio's label. Injection writes it, callers look for it.

export const SIDECAR_LABEL = 'security.istio.io/tlsMode'
export const HAS_SIDECAR = 'istio'
