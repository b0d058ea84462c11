// The outside cases of HTTP/1.1: byte sequences that other projects have collected, put to the program as a user starts it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const RUNNER = fileURLToPath(new URL('../../../shared/conformance/run.mjs', import.meta.url))
const CASES = 858

const skip = existsSync(RUNNER) ? false : '../shared/conformance is missing'

t.test('every outside case of HTTP/1.1 holds, in one write and cut in pieces', { skip }, async (t) => {
  const args = [RUNNER, 'http1-raw', '--outrigger', `${process.execPath} bin/outrigger.js`]
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill())
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  const code = await new Promise((resolve) => child.on('close', resolve))
  t.match(output, `http1-raw: ${CASES} passed, 0 failed, 0 skipped`)
  t.equal(code, 0)
})
