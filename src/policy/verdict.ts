// What policies say of a request or a connection, and the contract of a family of policies. Families are asked in order, and one denial
// denies; see engine.ts. A new family is one maker in families.ts.
import type { Config } from '../config/schema/config.ts'
import type { PolicyInput } from './input.ts'

/** Made when a snapshot is compiled, one for each rule; never per request. */
export interface Verdict {
  readonly allowed: boolean
  /** Id of the rule that decided, ns[shop]-policy[only-web]-rule[0]; '': no rule did, that there is none decided. */
  readonly rule: string
  /** One sentence without the words of the request. */
  readonly why: string
}

/** The rule that came closest to letting a request through, and its first field that does not hold. */
export interface Nearest {
  readonly rule: string
  readonly field: string
}

/**
 * `templates`: paths only matter to templates that allow. Those count segments, empty ones as well, so `//` is not read in two ways.
 */
export type PathReading = boolean | 'templates'

export interface PolicyFamily {
  readonly name: string
  /** Whether a rule looks at paths: then such as can be read in two ways are refused before. */
  readonly readsPath: PathReading
  /** undefined: none of its policies says anything of this. No side effects: it may be asked again while the exchange is open. */
  decide(input: PolicyInput): Verdict | undefined
  /**
   * What denies every request that a caller could send, of which only its connection is known; undefined: some may pass. Left out by
   * families that look at nothing but connections: then `decide` says it.
   */
  denialOfPeer?(input: PolicyInput): Verdict | undefined
  /** For what it denied; only `explain` asks. */
  nearest(input: PolicyInput): Nearest | undefined
}

export interface FamilyContext {
  readonly config: Config
  readonly direction: 'inbound' | 'outbound'
}

/** undefined: no policy of the family is for this workload and direction. */
export type FamilyMaker = (context: FamilyContext) => PolicyFamily | undefined
