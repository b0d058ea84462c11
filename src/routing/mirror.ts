// Services that get a copy of a route's requests.
import type { MirrorConfig } from '../config/schema/route-actions.ts'

export interface Mirror<S> {
  /** As configuration names it. */
  readonly ref: string
  readonly service: S
  /** '': all of its endpoints. */
  readonly subset: string
  /** Of the requests, 0…1. */
  readonly share: number
}

interface MirrorParts<S> {
  resolve(ref: string): S | undefined
  hasSubset(service: S, subset: string): boolean
}

/** null: none. A service that does not exist gets nothing. */
export function compileMirrors<S>(
  configs: readonly MirrorConfig[],
  parts: MirrorParts<S>,
  report: (path: readonly (string | number)[], message: string) => void,
): readonly Mirror<S>[] | null {
  const mirrors = configs.flatMap(({ service: ref, subset = '', percent }, i) => {
    const service = ref === '' ? undefined : parts.resolve(ref)
    if (service === undefined || percent === 0) return []
    if (subset !== '' && !parts.hasSubset(service, subset))
      report(['mirrors', i, 'subset'], `the service "${ref}" has no subset "${subset}"`)
    return [{ ref, service, subset, share: percent / 100 }]
  })
  return mirrors.length === 0 ? null : mirrors
}
