#!/usr/bin/env -S node --no-memory-pool-share-memory-on-teardown
// The command. Plain JavaScript, so that a Node too old for the rest can still say so. What line 1 asks of V8 is what the image asks of it as
// well (docs/operations.md).
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 23)) {
  process.stderr.write(
    `outrigger needs Node 22.23 or newer; this is ${process.version}. In a checkout, "npx outrigger" uses the right one.\n`,
  )
  process.exit(1)
}

// compiled code is kept for the next start, where the folder can be written or was filled when the image was made
module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/outrigger', import.meta.url)))

// a checkout runs its sources as they are; the image has only the build
const source = new URL('../src/main.ts', import.meta.url)
await import(existsSync(fileURLToPath(source)) ? source.href : new URL('../dist/main.js', import.meta.url).href)
