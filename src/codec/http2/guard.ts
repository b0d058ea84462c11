// What a connection allows its peer of the frames that cost the peer next to nothing: one bucket a kind.
import { Allowance } from './allowance.ts'
import type { Http2Limits } from './limits.ts'

export class Guard {
  readonly resets: Allowance
  readonly provokedResets: Allowance
  readonly settings: Allowance
  readonly pings: Allowance
  readonly emptyFrames: Allowance
  readonly windowUpdates: Allowance
  readonly priorities: Allowance

  constructor(limits: Http2Limits, nowMs: number) {
    this.resets = new Allowance('resets', limits.resets, nowMs)
    this.provokedResets = new Allowance('provoked_resets', limits.provokedResets, nowMs)
    this.settings = new Allowance('settings', limits.settings, nowMs)
    this.pings = new Allowance('pings', limits.pings, nowMs)
    this.emptyFrames = new Allowance('empty_frames', limits.emptyFrames, nowMs)
    this.windowUpdates = new Allowance('window_updates', limits.windowUpdates, nowMs)
    this.priorities = new Allowance('priorities', limits.priorities, nowMs)
  }
}
