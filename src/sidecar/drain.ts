// The end of a sidecar, in order: inbound finishes what is under way, outbound stays open until it has, tunnels are told to go after the
// grace, and at the limit everything that is left is cut.
import type { SidecarParts } from './parts.ts'

const LOOK_EVERY_MS = 25
/** RFC 6455 §7.4.1: an endpoint is going away. */
const GOING_AWAY = 1001

export async function finishAll(parts: SidecarParts): Promise<void> {
  const { grace, limit } = parts.settings.drain
  const startMs = parts.clock.nowMs()
  parts.drain()
  // callers leave with the response that says Connection: close; who says nothing all the while may be cut
  await until(parts, () => inboundConnections(parts) === 0, startMs + grace)
  for (const listener of parts.listeners.values()) if (listener.direction !== 'outbound') listener.finish()
  sayGoodbye(parts, 'inbound')
  await until(parts, () => noneOpen(parts, 'inbound'), startMs + limit)
  for (const listener of parts.listeners.values()) if (listener.direction === 'outbound') listener.finish()
  await until(parts, () => parts.open.size === 0, Math.min(startMs + limit, parts.clock.nowMs() + grace))
  sayGoodbye(parts, 'outbound')
}

/** Tunnels do not end by themselves. */
function sayGoodbye({ open }: SidecarParts, direction: 'inbound' | 'outbound'): void {
  for (const x of Array.from(open)) if (x.upgraded && sideOf(x) === direction) x.goAway(GOING_AWAY)
}

function inboundConnections({ listeners }: SidecarParts): number {
  let count = 0
  for (const listener of listeners.values()) if (listener.direction !== 'outbound') count += listener.open
  return count
}

function noneOpen({ open }: SidecarParts, direction: 'inbound' | 'outbound'): boolean {
  for (const x of open) if (sideOf(x) === direction) return false
  return true
}

function until({ clock }: SidecarParts, done: () => boolean, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (done() || clock.nowMs() >= deadlineMs) resolve()
      else clock.after(LOOK_EVERY_MS, look)
    }
    look()
  })
}

/** Whoever calls at a gateway comes in. */
function sideOf({ direction, peer }: { direction: 'inbound' | 'outbound'; peer: { gateway: string } }): 'inbound' | 'outbound' {
  return peer.gateway === '' ? direction : 'inbound'
}
