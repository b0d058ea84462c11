// The production file set, as the image has it: the build's output and `npm ci --omit=dev` in an empty folder.
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
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
  return { program: join(folder, 'bin/outrigger.js'), dockerfile: readFileSync(join(CHECKOUT, 'Dockerfile'), 'utf8') }
}

function call(folder: string, ...command: string[]): void {
  execFileSync('env', [...UNTOUCHED, ...command], { cwd: folder, stdio: 'pipe' })
}

/** The root file system of the image: node with its libraries, and nothing else of this machine. Needs ldd. */
export function layOutRoot(folder: string): void {
  const libraries = execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).match(/\/[^ \n]*/g) ?? []
  for (const path of [...libraries, '/etc/nsswitch.conf']) {
    if (!existsSync(path)) continue
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    copyFileSync(path, join(folder, path))
  }
  mkdirSync(join(folder, 'usr/local/bin'), { recursive: true })
  copyFileSync(process.execPath, join(folder, 'usr/local/bin/node'))
  mkdirSync(join(folder, 'tmp'), { mode: 0o777 })
}
