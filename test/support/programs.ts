// Programs of the machine that tests speak to: real peers. A test that needs one that is not there says so and is skipped.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { freePort } from './origin.ts'
import { temporaryFolder } from './sidecar-process.ts'

interface Owner {
  teardown(run: () => unknown): void
}

/** false, or why a test that needs these programs is skipped. */
export function missing(...programs: readonly string[]): string | false {
  const absent = programs.filter((program) => !has(program))
  return absent.length > 0 && `not on this machine: ${absent.join(', ')}`
}

function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Runs to its end; what it printed. */
export function runProgram(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`${program} exits ${code}: ${output}`))))
  })
}

/** A program that stays until the test is over. */
export function startProgram(t: Owner, program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: 'ignore' })
  const gone = new Promise((resolve) => child.on('close', resolve))
  t.teardown(async () => {
    child.kill('SIGTERM')
    await gone
  })
  return child
}

/** A real nginx that serves `files`; its port. */
export async function startNginx(t: Owner, files: Readonly<Record<string, string>>): Promise<number> {
  const folder = temporaryFolder(t)
  const port = await freePort()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`)
  const config = join(folder, 'nginx.conf')
  writeFileSync(
    config,
    `daemon off; user root; pid ${folder}/pid; error_log ${folder}/error.log; events { }
http { access_log off; keepalive_requests 1000000; ${temporary.join(' ')}
  server { listen 127.0.0.1:${port} backlog=1024; root ${folder}; } }`,
  )
  startProgram(t, 'nginx', ['-e', `${folder}/error.log`, '-c', config])
  await eventually(async () => (await fetch(`http://127.0.0.1:${port}/${Object.keys(files)[0]}`)).ok)
  return port
}
