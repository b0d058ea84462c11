// Documents that come from elsewhere than the disk, in the form of files.
import type { ConfigFile } from './files.ts'
import type { Problem } from './problem.ts'

/** Paths of such files begin with a scheme, as in 'kubernetes:services/shop/cart'. */
export interface DocumentSupply {
  /** What there is now; each with its `version`. */
  files(): readonly ConfigFile[]
  /** `onChange` is called after changes. */
  watch(onChange: () => void): void
}

/** What says who may speak to whom: without it, traffic might pass that was meant to be refused. */
const POLICY = /^kubernetes:(networkpolicies\.|[a-z]+\.security\.istio\.io|traffictargets\.)/

/**
 * Somebody else's mistake in the cluster must not keep this workload from every change: a document from there that is wrong is left out, with a
 * warning, unless it is a policy. undefined: something else is wrong, and the whole stays as it was.
 */
export function withoutBroken(
  files: readonly ConfigFile[],
  problems: readonly Problem[],
): { readonly files: readonly ConfigFile[]; readonly warnings: readonly Problem[] } | undefined {
  const supplied = new Set(files.filter(({ version }) => version !== undefined).map(({ path }) => path))
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length === 0 || !errors.every(({ file }) => supplied.has(file) && !POLICY.test(file))) return undefined
  const broken = new Set(errors.map(({ file }) => file))
  const warnings = errors.map(
    (problem): Problem => ({ ...problem, severity: 'warning', message: `left out: ${problem.message}` }),
  )
  return { files: files.filter(({ path }) => !broken.has(path)), warnings }
}
