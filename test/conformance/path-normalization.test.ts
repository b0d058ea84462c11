// Istio's own tables of path normalization, where they stand beside the checkout.
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { normalizePath, type PathMode } from '../../src/routing/normalize.ts'

const FILE = new URL('../../../shared/conformance/istio-authz.json', import.meta.url)

interface Row {
  readonly id: string
  readonly option: PathMode | '*'
  readonly in: string
  readonly out?: string
}

t.test('paths become what Istio says', { skip: existsSync(FILE) ? false : '../shared/conformance is missing' }, async (t) => {
  const { pathNormalization } = JSON.parse(readFileSync(FILE, 'utf8')) as { pathNormalization: readonly Row[] }
  t.ok(pathNormalization.length > 0)
  for (const { id, option, in: path, out } of pathNormalization) {
    // a fragment is refused, not cut off: one reader counts it to the path and another does not
    const expected = path.includes('#') ? undefined : out
    t.equal(normalizePath(path, option === '*' ? 'AUTO' : option, false), expected, `${id}: ${path}`)
  }
})
