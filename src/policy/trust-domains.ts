// Trust domains with several names: a principal of one of them is one of each.

/** Principals with every name of their trust domain in turn; those of foreign domains stay as they are. */
export function withAliases(principals: readonly string[], trustDomains: readonly string[]): string[] {
  return principals.flatMap((principal) => {
    const slash = principal.indexOf('/')
    const domain = slash < 0 ? '' : principal.slice(0, slash)
    // '*' stands for any domain already; '*-prod' for those that end so
    if (slash < 0 || domain === '*' || !trustDomains.some((one) => names(domain, one))) return [principal]
    const rest = principal.slice(slash)
    return [...new Set([principal, ...trustDomains.map((one) => one + rest)])]
  })
}

function names(written: string, domain: string): boolean {
  return written.startsWith('*') ? domain.endsWith(written.slice(1)) : written === domain
}
