// The words that scenarios, runner and report share.
import type { Peer, Setup } from '../peers/peer.ts'
import type { Summary } from './stats.ts'

/** Figures of one round of one peer, by name; smaller is better but for perSecond. */
export type Figures = Record<string, number>

/** A row of a result: a peer, or a peer in one of the states that a scenario compares. */
export interface Row {
  readonly name: string
  readonly figures: Readonly<Record<string, Summary>>
}

/** What design says must hold: a figure of our row over that of another row, or the figure alone. */
export interface Budget {
  readonly figure: string
  readonly limit: number
  /** Row that the figure is divided by; left out: the figure itself is limited. */
  readonly against?: string
  /** Row that is judged; by default `outrigger`. */
  readonly of?: string
}

export interface Context {
  readonly rounds: number
  readonly seconds: number
  readonly originPort: number
  readonly tls: { readonly certificate: string; readonly key: string }
  readonly peers: readonly Peer[]
  /** A new empty folder, gone after the run. */
  folder(): string
  say(line: string): void
}

export interface Scenario {
  readonly name: string
  readonly title: string
  readonly budgets: readonly Budget[]
  /** Samples by row and figure; undefined: it can't be measured, and has said why. */
  run(context: Context): Promise<Samples | undefined>
}

export type Samples = Map<string, Record<string, number[]>>

export const PLAIN: Pick<Setup, 'routes' | 'endpoints' | 'workers'> = { routes: 1, endpoints: 1, workers: 1 }

export function record(samples: Samples, row: string, figures: Figures): void {
  const known = samples.get(row) ?? {}
  samples.set(row, known)
  for (const [name, value] of Object.entries(figures)) (known[name] ??= []).push(value)
}
