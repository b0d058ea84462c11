// What a figure was measured on: without it a figure says nothing.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryMiB: number
  readonly kernel: string
  readonly node: string
  /** Load of the last minute before the run: well above zero means that somebody else is at work. */
  readonly loadBefore: number
  readonly commit: string
}

export function machine(): Machine {
  const model = /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]
  return {
    cpu: model ?? cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 1_048_576),
    kernel: release(),
    node: process.version,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    commit: commit(),
  }
}

/** `-changed`: with sources that are not in that commit. */
function commit(): string {
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', ':/src') !== ''
    return git('rev-parse', '--short', 'HEAD') + (changed ? '-changed' : '')
  } catch {
    return 'unknown'
  }
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' }).trim()
}
