// What NetworkPolicies leave open of a workload in one direction. Verdicts are kept, so that a connection costs one look into a table.
// hot path: bench/micro/policy/network/isolation.ts
import { canonicalIp, isIp } from '../../core/address.ts'
import type { Identity } from '../identity.ts'
import type { Nearest, Verdict } from '../verdict.ts'
import type { Population, Resident } from './population.ts'
import type { NetworkRule, Party } from './rule.ts'

export interface IsolationFacts {
  /** Ids of the policies that are for the workload. */
  readonly policies: readonly string[]
  readonly rules: readonly NetworkRule[]
  readonly population: Population
  /** Addresses of the machine that the workload runs on, which Kubernetes never cuts off. */
  readonly hosts: ReadonlySet<string>
  /** The workload's own named ports, for what comes in; undefined: those of the other end, for what goes out. */
  readonly ownPorts: Resident['ports'] | undefined
}

/** A verdict on one address; others on the same address hang on it. */
interface Kept {
  readonly port: number
  /** '' for a peer without a certificate. */
  readonly principal: string
  readonly verdict: Verdict
  readonly next: Kept | undefined
}

/** Verdicts kept; whoever comes from ever new addresses only costs their being worked out again. */
const MAX_KEPT = 16_384
/** Of one address: whoever tries every port must not make the others slow. */
const MAX_ON_ADDRESS = 16
const OPEN: Verdict = { allowed: true, rule: '', why: "NetworkPolicies never cut off the workload's own machine" }

export class Isolation {
  readonly #facts: IsolationFacts
  readonly #denied: Verdict
  /** Rules that may be for an address which is no Pod's. */
  readonly #openRules: readonly NetworkRule[]
  readonly #kept = new Map<string, Kept>()
  #keptCount = 0

  constructor(facts: IsolationFacts) {
    this.#facts = facts
    this.#openRules = facts.rules.filter(({ open }) => open)
    const [first, ...more] = facts.policies
    const names = more.length === 0 ? `${first} isolates` : `${first} and ${more.length} more isolate`
    this.#denied = { allowed: false, rule: '', why: `${names} the workload, and no rule allows this peer and port` }
  }

  /** `ip` of the other end; `port` that is connected to, at whichever end. `identity`: of the other end, where it is verified. */
  judge(ip: string, port: number, identity?: Identity): Verdict {
    const principal = identity === undefined ? '' : identity.principal
    const first = this.#kept.get(ip)
    let length = 0
    for (let kept = first; kept !== undefined; kept = kept.next) {
      if (kept.port === port && kept.principal === principal) return kept.verdict
      length++
    }
    const verdict = this.#judge(canonicalIp(ip), port, identity)
    if (++this.#keptCount > MAX_KEPT) {
      this.#kept.clear()
      this.#keptCount = 1
    }
    this.#kept.set(ip, { port, principal, verdict, next: this.#keptCount === 1 || length >= MAX_ON_ADDRESS ? undefined : first })
    return verdict
  }

  /** For what was denied: the rule that came closest. */
  nearest(ip: string, identity?: Identity): Nearest | undefined {
    const other = this.#party(canonicalIp(ip), identity)
    const { rules } = this.#facts
    const byPeer = rules.find((rule) => rule.isFor(other))
    if (byPeer !== undefined) return { rule: byPeer.id, field: 'ports' }
    return rules[0] === undefined ? undefined : { rule: rules[0].id, field: this.#facts.ownPorts === undefined ? 'to' : 'from' }
  }

  #judge(ip: string, port: number, identity: Identity | undefined): Verdict {
    const { rules, hosts, ownPorts, population } = this.#facts
    if ((isLoopback(ip) || hosts.has(ip)) && population.at(ip) === undefined) return OPEN
    const other = this.#party(ip, identity)
    const names = ownPorts ?? other.resident?.ports ?? []
    const rule = (other.resident === undefined ? this.#openRules : rules).find(
      (one) => one.hasPort(port, names) && one.isFor(other),
    )
    return rule?.verdict ?? this.#denied
  }

  /** Whose certificate says otherwise does not speak from the Pod that the address belongs to: nothing is known of it but the address. */
  #party(ip: string, identity: Identity | undefined): Party {
    const resident = this.#facts.population.at(ip)
    return { ip, resident: resident !== undefined && agrees(resident, identity) ? resident : undefined }
  }
}

function agrees(resident: Resident, identity: Identity | undefined): boolean {
  if (identity === undefined) return true
  return resident.namespace.name === identity.namespace && resident.serviceAccount === identity.serviceAccount
}

/** Nobody can block a Pod's access to itself that way. A Unix socket has no address. What only begins so may be the name of any host. */
function isLoopback(ip: string): boolean {
  return ip === '' || ip === '::1' || ip === 'localhost' || (ip.startsWith('127.') && isIp(ip))
}
