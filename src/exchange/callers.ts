// Who calls, as telemetry names it: by a verified identity, and by the address of a Pod that documents tell of. Compiled with each snapshot;
// nothing that a caller says of itself is looked at.
import type { Config, WorkloadConfig } from '../config/schema/config.ts'
import { canonicalIp } from '../core/address.ts'
import type { Party } from '../telemetry/outcome.ts'
import { partyOf, UNKNOWN } from '../telemetry/party.ts'
import type { Peer } from './peer.ts'

const MAX_VERIFIED = 10_000

export class Callers {
  readonly #workloads = new Map<string, WorkloadConfig>()
  readonly #plain = new Map<string, Party>()
  /** By identity and address: parties are compared by identity, so there is one for each. */
  readonly #verified = new Map<string, Party>()

  constructor(workloads: Config['workloads']) {
    for (const workload of workloads) {
      for (const address of workload.addresses) {
        const ip = canonicalIp(address)
        this.#workloads.set(ip, workload)
        this.#plain.set(ip, partyOf(workload))
      }
    }
  }

  party({ remoteIp, identity }: Pick<Peer, 'remoteIp' | 'identity'>): Party {
    if (identity === undefined) return this.#plain.get(remoteIp) ?? UNKNOWN
    const key = `${identity.principal} ${this.#workloads.has(remoteIp) ? remoteIp : ''}`
    const known = this.#verified.get(key)
    if (known !== undefined) return known
    const workload = this.#workloads.get(remoteIp)
    const { namespace, serviceAccount } = identity
    // a certificate says more than an address: one that another Pod has by now, or a proxy in between, tells nothing of its owner
    const same = workload?.namespace === namespace && workload.serviceAccount === serviceAccount
    const party = partyOf({ ...(same ? workload : {}), namespace, principal: `spiffe://${identity.principal}` })
    if (this.#verified.size < MAX_VERIFIED) this.#verified.set(key, party)
    return party
  }
}
