// Counts what policies would say that decide nothing: audits, dry runs, and a whole candidate configuration beside the one that serves.
import type { Config } from '../config/schema/config.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { PolicyWatcher } from '../exchange/pipeline.ts'
import { compilePolicies, type Policies } from '../policy/families.ts'
import type { PolicyInput } from '../policy/input.ts'
import type { Observed } from '../policy/observed.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** Examples in the log for each rule that would decide otherwise, and rules that have any. */
const EXAMPLES = 5
const MAX_RULES = 1000
const WINDOW_MS = 60_000

export interface PolicyWatchDeps {
  readonly metrics: Metrics
  readonly log: Log
  readonly clock: Clock
}

export class PolicyWatch implements PolicyWatcher {
  readonly #deps: PolicyWatchDeps
  #shadow: Policies | undefined
  #windowMs = Number.NEGATIVE_INFINITY
  readonly #told = new Map<string, number>()

  constructor(deps: PolicyWatchDeps) {
    this.#deps = deps
  }

  get shadowed(): boolean {
    return this.#shadow !== undefined
  }

  /** From now on beside the live one, for the same workload. */
  useShadow(candidate: Config, { workload }: Config['settings']): void {
    this.#shadow = compilePolicies({ ...candidate, settings: { ...candidate.settings, workload } })
  }

  denied({ direction, rule }: Exchange): void {
    this.#deps.metrics.counter('policyDenials', { direction, rule }).add()
  }

  /** A request or connection that has been decided. */
  see(x: Exchange, observed: Observed): void {
    const { policyInput: input } = x
    if (input === undefined) return
    const { metrics } = this.#deps
    const audit = observed.audit(input)
    if (audit !== undefined) metrics.counter('policyAudits', { rule: audit }).add()
    const dry = observed.dry(input)
    if (dry !== undefined) metrics.counter('dryRunVerdicts', { verdict: wordFor(dry.allowed), rule: dry.rule }).add()
    if (this.#shadow !== undefined) this.#compare(x, input, this.#shadow)
  }

  #compare(x: Exchange, input: PolicyInput, shadow: Policies): void {
    const engine = input.direction === 'inbound' ? shadow.inbound : shadow.outbound
    const verdict = engine?.decide(input)
    const from = wordFor(x.verdict?.allowed !== false)
    const to = wordFor(verdict?.allowed !== false)
    const rule = verdict?.rule ?? ''
    this.#deps.metrics.counter('shadowVerdicts', { from, to, rule }).add()
    if (from === to || !this.#mayTell(`${from} ${to} ${rule}`)) return
    this.#deps.log.info('a candidate policy would decide otherwise', {
      from,
      to,
      rule,
      live: x.verdict?.rule ?? '',
      downstream: x.peer.remoteAddress,
      principal: input.principal,
      method: input.method,
      host: input.host,
      path: input.path,
      port: input.destinationPort,
    })
  }

  #mayTell(key: string): boolean {
    const now = this.#deps.clock.nowMs()
    if (now - this.#windowMs > WINDOW_MS) {
      this.#windowMs = now
      this.#told.clear()
    }
    const told = this.#told.get(key) ?? 0
    if (told >= EXAMPLES || (told === 0 && this.#told.size >= MAX_RULES)) return false
    this.#told.set(key, told + 1)
    return true
  }
}

function wordFor(allowed: boolean): 'allow' | 'deny' {
  return allowed ? 'allow' : 'deny'
}
