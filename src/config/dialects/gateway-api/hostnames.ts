// Hostnames of listeners and routes: whether any host is meant by both. `*.suffix` stands for one label or more.

/** undefined stands for any host. */
export function hostnamesMeet(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return true
  if (!isWildcard(a)) return isWildcard(b) ? a.endsWith(b.slice(1)) : a === b
  if (!isWildcard(b)) return b.endsWith(a.slice(1))
  return a.endsWith(b.slice(1)) || b.endsWith(a.slice(1))
}

/** A route without hostnames takes those of its listener. */
export function routeMeets(listener: string | undefined, hostnames: readonly string[]): boolean {
  return hostnames.length === 0 || hostnames.some((hostname) => hostnamesMeet(listener, hostname))
}

function isWildcard(hostname: string): boolean {
  return hostname.startsWith('*.')
}
