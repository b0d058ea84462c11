// The connections of a pool that can take an exchange, in the order in which they were last without one. Adding, moving and removing one
// costs the same however many there are.
// hot path: bench/macro
import type { UpstreamConnection } from '../../codec/stream.ts'
import type { Cancel } from '../../core/clock.ts'

/** One connection in its pool. */
export class Slot {
  readonly connection: UpstreamConnection
  /** Its connect timeout while it is coming up. */
  connecting: Cancel | undefined = undefined
  /** When it was last without an exchange. */
  sinceMs = 0
  listed = false
  /** Exchanges that it was given; counted only where there is a limit. */
  served = 0
  older: Slot | undefined = undefined
  newer: Slot | undefined = undefined

  constructor(connection: UpstreamConnection) {
    this.connection = connection
  }
}

export class Roster {
  oldest: Slot | undefined
  newest: Slot | undefined

  /** Connections without an exchange. */
  get idle(): number {
    let count = 0
    for (let slot = this.oldest; slot !== undefined; slot = slot.newer) if (slot.connection.active === 0) count++
    return count
  }

  /** Makes it the newest. */
  add(slot: Slot): void {
    if (slot === this.newest) return
    if (slot.listed) this.remove(slot)
    slot.listed = true
    slot.older = this.newest
    if (this.newest === undefined) this.oldest = slot
    else this.newest.newer = slot
    this.newest = slot
  }

  remove(slot: Slot): void {
    if (slot.older === undefined) this.oldest = slot.newer
    else slot.older.newer = slot.newer
    if (slot.newer === undefined) this.newest = slot.older
    else slot.newer.older = slot.older
    slot.older = slot.newer = undefined
    slot.listed = false
  }

  clear(): void {
    while (this.oldest !== undefined) this.remove(this.oldest)
  }

  /** Those that have exchanges may stand before it; they are few. */
  oldestIdle(): Slot | undefined {
    let slot = this.oldest
    while (slot !== undefined && slot.connection.active > 0) slot = slot.newer
    return slot
  }
}
