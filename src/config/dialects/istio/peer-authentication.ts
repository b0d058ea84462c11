// Istio's PeerAuthentication: which ports take only mutual TLS, which take plaintext as well.
import { z } from 'zod'
import type { Problems } from '../../problem.ts'
import type { PeerAuthenticationConfig } from '../../schema/config.ts'
import type { MtlsMode } from '../../schema/identity.ts'
import { type Kind, metadata, placeIn, type Resources } from '../resource.ts'
import { workloadSelector } from './selector.ts'

const mtls = z.strictObject({ mode: z.enum(['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT']).nullish() }).nullish()

export const PEER_AUTHENTICATION = {
  name: 'PeerAuthentication',
  namespaced: true,
  schema: z.object({
    metadata: metadata.extend({ creationTimestamp: z.string().nullish() }),
    spec: z
      .strictObject({
        selector: workloadSelector,
        mtls,
        portLevelMtls: z.record(z.string().regex(/^[1-9]\d{0,4}$/, { error: 'expected a port, 1 to 65535' }), mtls).nullish(),
      })
      .nullish(),
  }),
} as const satisfies Kind

const MODES: Readonly<Record<string, MtlsMode>> = { DISABLE: 'disable', PERMISSIVE: 'permissive', STRICT: 'strict' }

/** The oldest comes first: it counts where two would. */
export function compilePeerAuthentications(resources: Resources, problems: Problems): PeerAuthenticationConfig[] {
  const all = resources.of(PEER_AUTHENTICATION).map((resource) => {
    const { selector, mtls: whole, portLevelMtls } = resource.value.spec ?? {}
    const labels = selector?.matchLabels ?? {}
    const ports = Object.entries(portLevelMtls ?? {})
    if (ports.length > 0 && Object.keys(labels).length === 0)
      problems.error(
        placeIn(resource, ['spec', 'portLevelMtls']),
        'portLevelMtls needs a selector: ports are those of a workload',
      )
    const config: PeerAuthenticationConfig = {
      name: resource.name,
      namespace: resource.namespace,
      selector: labels,
      mode: MODES[whole?.mode ?? 'UNSET'],
      ports: Object.fromEntries(ports.flatMap(([port, one]) => portMode(port, one?.mode))),
    }
    return { config, created: resource.value.metadata.creationTimestamp ?? '' }
  })
  return all
    .sort((a, b) => compareText(a.created, b.created) || compareText(a.config.name, b.config.name))
    .map(({ config }) => config)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function portMode(port: string, mode: string | null | undefined): [string, MtlsMode][] {
  const known = MODES[mode ?? 'UNSET']
  return known === undefined ? [] : [[port, known]]
}
