// outrigger capture: sends a Pod's traffic through its sidecar, or lets it go again. For an init container: it needs NET_ADMIN.
import { readFileSync } from 'node:fs'
import { Backend, CaptureError, findBackend, type Run, runProgram } from '../capture/backend.ts'
import { CaptureArgumentError, type CaptureArguments, type CaptureOptions, readCaptureOptions } from '../capture/options.ts'
import { CHAINS, type Family, JUMPS, present, rulesText, undoText } from '../capture/rules.ts'
import { APP_SOURCE } from '../core/app-source.ts'
import type { ExitCode, Io } from './io.ts'

export interface CaptureCommandOptions extends CaptureArguments {
  readonly undo?: boolean
  /** Print what would be done. */
  readonly dryRun?: boolean
}

const FAMILIES = ['ipv4', 'ipv6'] as const satisfies readonly Family[]

export function captureCommand(given: CaptureCommandOptions, io: Io, run: Run = runProgram): ExitCode {
  try {
    const options = readCaptureOptions(given)
    if (given.dryRun === true) io.stdout.write(dryRun(options, given.undo === true))
    else for (const line of given.undo === true ? undo(run) : capture(options, run)) io.stderr.write(`${line}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof CaptureError) && !(error instanceof CaptureArgumentError)) throw error
    io.stderr.write(`${error.message}\n`)
    return 1
  }
}

function dryRun(options: CaptureOptions, isUndo: boolean): string {
  return FAMILIES.map((family) => {
    const text = isUndo ? undoText(CHAINS, JUMPS) : rulesText(options, family, JUMPS)
    return `# ${family === 'ipv4' ? 'iptables' : 'ip6tables'}-restore --noflush\n${text}`
  }).join('')
}

function capture(options: CaptureOptions, run: Run): string[] {
  const lines: string[] = []
  for (const family of FAMILIES) {
    const isSpoken = family === 'ipv4' || hasIpv6()
    const backend = findBackend(family, run)
    if (backend !== undefined) {
      lines.push(...captureFamily(options, backend, run))
      if (family === 'ipv6' && isSpoken) addSource(run)
    } else if (isSpoken)
      // what is not captured goes past every policy
      throw new CaptureError(`${family}: iptables can not be used here: the program or the capability NET_ADMIN is missing`)
  }
  return lines
}

function captureFamily(options: CaptureOptions, backend: Backend, run: Run): string[] {
  const { family, variant } = backend
  // rules of the other kind would be met as well
  const undone = undo(run, backend)
  const { jumps } = present(backend.save() ?? '')
  const missing = JUMPS.filter((jump) => !jumps.includes(jump))
  backend.restore(rulesText(options, family, missing))
  return [...undone, `${family}: captured (${variant})`]
}

function hasIpv6(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv6/conf/lo/disable_ipv6', 'latin1').trim() === '0'
  } catch {
    return false
  }
}

/** All of 127.0.0.0/8 is this machine's; of IPv6 the address has to be given to it. */
function addSource(run: Run): void {
  const address = `${APP_SOURCE.ipv6}/128`
  const { status, stderr } = run('ip', ['-6', 'addr', 'add', address, 'dev', 'lo'])
  if (status !== 0 && !/File exists|already assigned/.test(stderr))
    throw new CaptureError(`ip -6 addr add ${address} dev lo: ${stderr.trim()}`)
}

/** Of both kinds, but for `keep`. */
function undo(run: Run, keep?: Backend): string[] {
  const lines: string[] = []
  const families = keep === undefined ? FAMILIES : [keep.family]
  for (const family of families) {
    for (const variant of ['nft', 'legacy'] as const) {
      if (variant === keep?.variant) continue
      const backend = new Backend(family, variant, run)
      const { chains, jumps } = present(backend.save() ?? '')
      if (chains.length + jumps.length === 0) continue
      backend.restore(undoText(chains, jumps))
      lines.push(`${family}: no longer captured (${variant})`)
    }
  }
  return lines
}
