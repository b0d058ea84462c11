// What of a Pod's traffic is captured.
import { parseCidr } from '../core/address.ts'

export interface CaptureOptions {
  /** Listeners of the sidecar that captured connections are sent to. */
  readonly inboundPort: number
  readonly outboundPort: number
  /** User and group of the sidecar: its own connections are left alone. */
  readonly uid: number
  readonly gid: number
  /** undefined: all. */
  readonly includeInboundPorts: readonly number[] | undefined
  readonly excludeInboundPorts: readonly number[]
  readonly excludeOutboundPorts: readonly number[]
  /** undefined: all. */
  readonly includeOutboundCidrs: readonly string[] | undefined
  readonly excludeOutboundCidrs: readonly string[]
}

/** The same as text, as the command line has it. */
export interface CaptureArguments {
  readonly inboundPort: string
  readonly outboundPort: string
  readonly uid: string
  readonly gid: string
  readonly includeInboundPorts?: string
  readonly excludeInboundPorts?: string
  readonly excludeOutboundPorts?: string
  readonly includeOutboundCidrs?: string
  readonly excludeOutboundCidrs?: string
}

export class CaptureArgumentError extends Error {
  override readonly name = 'CaptureArgumentError'
}

const MAX_ID = 2 ** 32 - 2

/** Throws a CaptureArgumentError that names the option. */
export function readCaptureOptions(given: CaptureArguments): CaptureOptions {
  return {
    inboundPort: portOf('--inbound-port', given.inboundPort),
    outboundPort: portOf('--outbound-port', given.outboundPort),
    uid: numberOf('--uid', given.uid, MAX_ID),
    gid: numberOf('--gid', given.gid, MAX_ID),
    includeInboundPorts: all(given.includeInboundPorts) ? undefined : ports('--include-inbound-ports', given.includeInboundPorts),
    excludeInboundPorts: ports('--exclude-inbound-ports', given.excludeInboundPorts),
    excludeOutboundPorts: ports('--exclude-outbound-ports', given.excludeOutboundPorts),
    includeOutboundCidrs: all(given.includeOutboundCidrs)
      ? undefined
      : cidrs('--include-outbound-cidrs', given.includeOutboundCidrs),
    excludeOutboundCidrs: cidrs('--exclude-outbound-cidrs', given.excludeOutboundCidrs),
  }
}

function all(text: string | undefined): boolean {
  return text === undefined || text.trim() === '*'
}

function ports(option: string, text: string | undefined): number[] {
  return split(text).map((part) => portOf(option, part))
}

function cidrs(option: string, text: string | undefined): string[] {
  return split(text).map((part) => {
    if (parseCidr(part) === undefined)
      throw new CaptureArgumentError(`${option}: expected a range such as 10.0.0.0/8, got "${part}"`)
    return part
  })
}

function portOf(option: string, text: string): number {
  const port = numberOf(option, text, 65_535)
  if (port === 0) throw new CaptureArgumentError(`${option}: there is no port 0`)
  return port
}

function numberOf(option: string, text: string, most: number): number {
  const number = /^\d{1,10}$/.test(text.trim()) ? Number(text) : NaN
  if (!(number <= most)) throw new CaptureArgumentError(`${option}: expected a whole number up to ${most}, got "${text}"`)
  return number
}

function split(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
