// tap ships with its TypeScript plugin built in; .taprc takes it out, because Node strips the types itself. Tests run only once
// tap has been built anew without it, which has to happen once for each node_modules. Needs no network.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const built = fileURLToPath(new URL('../node_modules/@tapjs/test/test-built/dist/esm/index.js', import.meta.url))

if (isStale()) {
  const tap = fileURLToPath(import.meta.resolve('tap/package.json').replace('package.json', 'dist/esm/run.mjs'))
  const { status } = spawnSync(process.execPath, [tap, 'build'], { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0 || isStale()) {
    console.error('tap could not be built without its TypeScript plugin: remove node_modules and run npm ci')
    process.exit(1)
  }
}

function isStale(): boolean {
  try {
    return readFileSync(built, 'utf8').includes('from "@tapjs/typescript"')
  } catch {
    return true
  }
}
