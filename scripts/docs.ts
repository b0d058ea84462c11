// Writes the pages and files that are generated from the code; with --check it only says which are stale, and exits 1.
import { readFileSync, writeFileSync } from 'node:fs'
import { annotationsPage } from './docs/annotations.ts'
import { configPage, configSchema } from './docs/config.ts'
import { errorsPage } from './docs/errors.ts'
import { metricsPage } from './docs/metrics.ts'

const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'config/schema.json': configSchema,
  'docs/annotations.md': annotationsPage,
  'docs/config.md': configPage,
  'docs/errors.md': errorsPage,
  'docs/metrics.md': metricsPage,
}

const root = new URL('../', import.meta.url)
const check = process.argv.includes('--check')
let stale = 0
for (const [path, make] of Object.entries(PAGES)) {
  const page = new URL(path, root)
  const text = await make()
  if (text === read(page)) continue
  stale++
  if (check) console.error(`${path} is stale: npm run docs`)
  else writeFileSync(page, text)
}
console.log(`docs: ${Object.keys(PAGES).length} generated, ${stale} ${check ? 'stale' : 'written'}`)
if (check && stale > 0) process.exitCode = 1

function read(page: URL): string | undefined {
  try {
    return readFileSync(page, 'utf8')
  } catch {
    return undefined
  }
}
