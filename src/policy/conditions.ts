// The `when` of a rule: Istio's condition keys.
import type { PolicyConditionConfig } from '../config/schema/policies.ts'
import { accountKey, type CallerContext, namespaceKey } from './callers.ts'
import { claimKey, claimValues } from './claims.ts'
import { HeaderTest } from './header-test.ts'
import { HostTest } from './host-test.ts'
import type { PolicyInput } from './input.ts'
import { asBlocks, asHosts, asTexts, type Members, type MembersMaker } from './members.ts'
import { type Key, negated, type Test, testsOf } from './test.ts'
import { withAliases } from './trust-domains.ts'

const IN_BRACKETS = /^request\.headers\[([^\]]+)\]$/

/** Keys that stand for one value. */
const SINGLE: Readonly<Record<string, readonly [dimension: string, read: (input: PolicyInput) => string, set: MembersMaker]>> = {
  'source.ip': ['source address', (input) => input.sourceIp, asBlocks],
  'remote.ip': ['remote address', (input) => input.remoteIp, asBlocks],
  'destination.ip': ['destination address', (input) => input.destinationIp, asBlocks],
  'destination.port': ['port', (input) => String(input.destinationPort), asTexts],
  'connection.sni': ['server name', (input) => input.serverName, asTexts],
}

export interface ConditionContext extends CallerContext {
  /** What the rule does is deny, so in doubt it matches. */
  readonly wide: boolean
}

/** undefined: the key is not known. */
export function conditionTests(condition: PolicyConditionConfig, context: ConditionContext): Test[] | undefined {
  const { key, values, notValues } = condition
  const single = Object.hasOwn(SINGLE, key) ? SINGLE[key] : undefined
  if (single !== undefined) {
    const [dimension, read, make] = single
    return testsOf({ field: key, dimension, http: false, read }, values, notValues, make)
  }
  const header = IN_BRACKETS.exec(key)?.[1]
  if (header !== undefined) return headerTests(header, condition, context.wide)
  const claim = claimKey(key)
  if (claim !== undefined) return listTests(key, condition, (input) => claimValues(input, claim))
  const caller = callerKey(key, context)
  return caller === undefined ? undefined : testsOf(caller[0], values, notValues, caller[1])
}

function callerKey(key: string, context: CallerContext): [Key, MembersMaker] | undefined {
  switch (key) {
    case 'source.namespace':
      return [namespaceKey(key, context), asTexts]
    case 'source.serviceAccount':
      return [
        accountKey(key, context),
        (values) => asTexts(values.map((value) => (value.includes('/') ? value : `${context.namespace}/${value}`))),
      ]
    case 'source.principal':
      return [
        { field: key, dimension: 'principal', http: false, read: (input) => input.principal },
        (values) => asTexts(withAliases(values, context.trustDomains)),
      ]
    case 'request.auth.principal':
      return [{ field: key, dimension: 'request principal', http: true, read: (input) => input.requestPrincipal }, asTexts]
    default:
      return undefined
  }
}

function headerTests(header: string, { key, values, notValues }: PolicyConditionConfig, wide: boolean): Test[] {
  const lower = header.toLowerCase()
  const isHost = lower === 'host' || lower === ':authority'
  const test = (texts: readonly string[], wanted: boolean): Test => {
    // a host is the same in any spelling: what keeps callers out holds for all of them
    if (isHost && wide === wanted) return new HostTest(wanted ? key : negated(key), asHosts(texts), { wanted, anySpelling: true })
    return new HeaderTest(wanted ? key : negated(key), lower, { values: asTexts(texts), wanted, any: wide })
  }
  return [...(values.length > 0 ? [test(values, true)] : []), ...(notValues.length > 0 ? [test(notValues, false)] : [])]
}

function listTests(
  key: string,
  { values, notValues }: PolicyConditionConfig,
  read: (input: PolicyInput) => readonly string[],
): Test[] {
  const any = (set: Members, input: PolicyInput) => read(input).some((value) => set.has(value))
  const tests: Test[] = []
  if (values.length > 0) {
    const set = asTexts(values)
    const found = set.keys === null ? null : { dimension: key, keys: set.keys, read }
    tests.push({ field: key, http: true, found, holds: (input) => any(set, input) })
  }
  if (notValues.length > 0) {
    const set = asTexts(notValues)
    tests.push({ field: negated(key), http: true, found: null, holds: (input) => !any(set, input) })
  }
  return tests
}
