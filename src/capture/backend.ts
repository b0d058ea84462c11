// The programs that change the kernel's rules: iptables for nftables or for the older kernel interface, whichever this machine goes by.
import { spawnSync } from 'node:child_process'
import type { Family } from './rules.ts'

export type Variant = 'nft' | 'legacy'

/** Runs a program; `status` null: it could not be started. */
export type Run = (
  program: string,
  args: readonly string[],
  input?: string,
) => { status: number | null; stdout: string; stderr: string }

const PREFIX = { ipv4: 'iptables', ipv6: 'ip6tables' } as const
const EMPTY = /^(\*|:|#|COMMIT|$)/

export class CaptureError extends Error {
  override readonly name = 'CaptureError'
}

/** One of the two ways to a family's rules. */
export class Backend {
  readonly family: Family
  readonly variant: Variant
  readonly #run: Run

  constructor(family: Family, variant: Variant, run: Run) {
    this.family = family
    this.variant = variant
    this.#run = run
  }

  /** The table `nat`; undefined: this way is not open here. */
  save(): string | undefined {
    const { status, stdout } = this.#run(this.#program('save'), ['-t', 'nat'])
    return status === 0 ? stdout : undefined
  }

  /** All of it or nothing. Throws a CaptureError. */
  restore(text: string): void {
    const program = this.#program('restore')
    // another program may be at it, the network plug-in above all
    const wait = this.variant === 'legacy' ? ['--wait=30'] : []
    const { status, stderr } = this.#run(program, ['--noflush', ...wait], text)
    if (status !== 0) throw new CaptureError(`${program}: ${stderr.trim() === '' ? `status ${status}` : stderr.trim()}`)
  }

  #program(what: 'save' | 'restore'): string {
    return `${PREFIX[this.family]}-${this.variant}-${what}`
  }
}

/**
 * As others on this machine do it: rules of both kinds work, but not in an order that one could rely on. undefined: there is no way at
 * all, neither program nor kernel.
 */
export function findBackend(family: Family, run: Run): Backend | undefined {
  const [nft, legacy] = (['nft', 'legacy'] as const).map((variant) => {
    const backend = new Backend(family, variant, run)
    return { backend, saved: backend.save() }
  })
  if (legacy?.saved !== undefined && hasRules(legacy.saved) && !hasRules(nft?.saved ?? '')) return legacy.backend
  return nft?.saved === undefined ? (legacy?.saved === undefined ? undefined : legacy.backend) : nft.backend
}

function hasRules(saved: string): boolean {
  return saved.split('\n').some((line) => !EMPTY.test(line))
}

export const runProgram: Run = (program, args, input = '') => {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8' })
  return error === undefined ? { status, stdout, stderr } : { status: null, stdout: '', stderr: error.message }
}
