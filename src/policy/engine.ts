// Asks the families of policies in order: one denial denies; where none of them says anything, the default decides.
// hot path: bench/micro/policy/decide.ts
import type { PolicyInput } from './input.ts'
import type { Nearest, PathReading, PolicyFamily, Verdict } from './verdict.ts'

const DEFAULT_ALLOW: Verdict = { allowed: true, rule: '', why: 'no policy denies it' }
const DEFAULT_DENY: Verdict = { allowed: false, rule: '', why: 'no policy allows it and defaultVerdict is deny' }

export class PolicyEngine {
  readonly readsPath: PathReading
  readonly #families: readonly PolicyFamily[]
  readonly #default: Verdict

  constructor(families: readonly PolicyFamily[], defaultVerdict: 'allow' | 'deny') {
    this.#families = families
    const readings = families.map(({ readsPath }) => readsPath)
    this.readsPath = readings.includes(true) || (readings.includes('templates') && 'templates')
    this.#default = defaultVerdict === 'allow' ? DEFAULT_ALLOW : DEFAULT_DENY
  }

  decide(input: PolicyInput): Verdict {
    const families = this.#families
    let allowed: Verdict | undefined
    for (let i = 0; i < families.length; i++) {
      const verdict = (families[i] as PolicyFamily).decide(input)
      if (verdict === undefined) continue
      if (!verdict.allowed) return verdict
      allowed ??= verdict
    }
    return allowed ?? this.#default
  }

  /** Why nothing that a caller could ask for on its connection would be allowed; undefined: something may. */
  denialOfPeer(input: PolicyInput): Verdict | undefined {
    for (const family of this.#families) {
      const verdict = family.denialOfPeer === undefined ? family.decide(input) : family.denialOfPeer(input)
      if (verdict?.allowed === false) return verdict
    }
    return this.#families.length === 0 && !this.#default.allowed ? this.#default : undefined
  }

  /** For what it denied. */
  nearest(input: PolicyInput): Nearest | undefined {
    const denying = this.#families.find((family) => family.decide(input)?.allowed === false)
    return denying?.nearest(input)
  }
}
