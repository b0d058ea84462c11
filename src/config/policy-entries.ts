// From entries of `policies:` to policies in full: what a short entry means.
import { isBlock } from '../core/address.ts'
import type { PolicyConfig, PolicyEntry, PolicySourceConfig } from './schema/policies.ts'
import { policySchema } from './schema/policies.ts'

type ShortEntry = Exclude<PolicyEntry, PolicyConfig>

/** `index`: in the list of entries, for those without a name. */
export function policyOf(entry: PolicyEntry, index: number): PolicyConfig {
  return isShort(entry) ? inFull(entry, index) : entry
}

function isShort(entry: PolicyEntry): entry is ShortEntry {
  return 'allow' in entry || 'deny' in entry || 'whitelist' in entry || 'blacklist' in entry
}

function inFull(entry: ShortEntry, index: number): PolicyConfig {
  const { hosts, ports, methods, paths, direction } = entry
  const [word, callers] = callersOf(entry)
  const limited = hosts.length + ports.length + methods.length + paths.length > 0
  return policySchema.parse({
    name: entry.name ?? `${word}-${index}`,
    action: word === 'allow' || word === 'whitelist' ? 'allow' : 'deny',
    direction,
    rules: [{ from: callers === 'all' ? [] : sourcesOf(callers), to: limited ? [{ hosts, ports, methods, paths }] : [] }],
  })
}

function callersOf(entry: ShortEntry): [word: string, callers: 'all' | readonly string[]] {
  if ('allow' in entry) return ['allow', entry.allow]
  if ('deny' in entry) return ['deny', entry.deny]
  return 'whitelist' in entry ? ['whitelist', entry.whitelist] : ['blacklist', entry.blacklist]
}

/** Each kind of caller is a source of its own: any of them will do. */
function sourcesOf(callers: readonly string[]): Partial<PolicySourceConfig>[] {
  const blocks = callers.filter(isBlock)
  const names = callers.filter((caller) => !isBlock(caller))
  const identities = names.filter((caller) => caller.startsWith('spiffe://') || caller.includes('/ns/'))
  const accounts = names.filter((caller) => caller.includes('/') && !identities.includes(caller))
  const namespaces = names.filter((caller) => !caller.includes('/'))
  return [
    ...(namespaces.length > 0 ? [{ namespaces }] : []),
    ...(accounts.length > 0 ? [{ serviceAccounts: accounts }] : []),
    ...(identities.length > 0 ? [{ principals: identities.map((text) => text.replace('spiffe://', '')) }] : []),
    ...(blocks.length > 0 ? [{ ipBlocks: blocks }] : []),
  ]
}
