// The families of policies, in the order in which they are asked, and their engines for one workload.
import type { Config } from '../config/schema/config.ts'
import { type CustomRules, compileCustom } from './custom/rules.ts'
import { PolicyEngine } from './engine.ts'
import { mtlsFamily } from './mtls.ts'
import { networkFamily } from './network/network.ts'
import { compileObserved, type Observed } from './observed.ts'
import { ruleFamily } from './rule-family.ts'
import type { FamilyMaker } from './verdict.ts'

const FAMILIES: readonly FamilyMaker[] = [
  networkFamily,
  mtlsFamily,
  (context) => ruleFamily('istio', context),
  (context) => ruleFamily('smi', context),
  (context) => ruleFamily('native', context),
]

/** null: everything is allowed, and nothing is asked. */
export interface Policies {
  readonly inbound: PolicyEngine | null
  readonly outbound: PolicyEngine | null
  /** Who is asked besides; null: nobody. */
  readonly custom: CustomRules | null
  /** What is looked at besides, and decides nothing; null: nothing is. */
  readonly observed: { readonly inbound: Observed | null; readonly outbound: Observed | null }
}

/** `watched`: somebody else wants to see every request. */
export function compilePolicies(config: Config, watched = false): Policies {
  const { defaultVerdict } = config.settings
  return {
    inbound: engineFor('inbound', config, defaultVerdict),
    outbound: engineFor('outbound', config, 'allow'),
    custom: compileCustom(config),
    observed: { inbound: compileObserved(config, 'inbound', watched), outbound: compileObserved(config, 'outbound', watched) },
  }
}

function engineFor(direction: 'inbound' | 'outbound', config: Config, defaultVerdict: 'allow' | 'deny'): PolicyEngine | null {
  const families = FAMILIES.flatMap((make) => make({ config, direction }) ?? [])
  return families.length === 0 && defaultVerdict === 'allow' ? null : new PolicyEngine(families, defaultVerdict)
}
