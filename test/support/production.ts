// The production file set, as the image has it: the build's output and `npm ci --omit=dev` in an empty folder.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UNTOUCHED } from './sidecar-process.ts'

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url))

/** What the last stage of the Dockerfile copies from the checkout itself. */
const COPIED = ['package.json', 'LICENSE', 'bin', 'config']

export interface Production {
  readonly program: string
  readonly dockerfile: string
}

/** Fills `folder`. Needs npm, and its cache or a registry. */
export function installProduction(folder: string): Production {
  for (const name of [...COPIED, 'package-lock.json']) {
    if (existsSync(join(CHECKOUT, name))) cpSync(join(CHECKOUT, name), join(folder, name), { recursive: true })
  }
  call(
    folder,
    join(CHECKOUT, 'node_modules/.bin/tsc'),
    '-p',
    join(CHECKOUT, 'tsconfig.build.json'),
    '--outDir',
    join(folder, 'dist'),
  )
  // what `npm ci` of the checkout has just fetched is in npm's cache
  call(folder, 'npm', 'ci', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund')
  const unread = ['*.map', '*.d.ts', '*.d.cts', '*.d.mts', '*.md'].flatMap((name) => ['-o', '-name', name]).slice(1)
  call(folder, 'find', 'node_modules', '-type', 'f', '(', ...unread, ')', '-delete')
  return { program: join(folder, 'bin/outrigger.js'), dockerfile: readFileSync(join(CHECKOUT, 'Dockerfile'), 'utf8') }
}

function call(folder: string, ...command: string[]): void {
  execFileSync('env', [...UNTOUCHED, ...command], { cwd: folder, stdio: 'pipe' })
}

/** The root file system of the image: node, what capture needs, their libraries, and nothing else of this machine. Needs bash, ldd, iptables, ip. */
export function layOutRoot(folder: string): void {
  execFileSync(join(CHECKOUT, 'scripts/image-root.sh'), [folder, process.execPath], { stdio: 'pipe' })
  // where whatever runs containers mounts its own
  for (const mounted of ['proc', 'dev']) mkdirSync(join(folder, mounted))
}
