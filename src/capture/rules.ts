// The rules that send a Pod's TCP traffic through its sidecar, as iptables-restore(8) reads them.
import { APP_SOURCE } from '../core/app-source.ts'
import type { CaptureOptions } from './options.ts'

export type Family = 'ipv4' | 'ipv6'

const INBOUND = 'OUTRIGGER_INBOUND'
const TO_INBOUND = 'OUTRIGGER_IN_REDIRECT'
const OUTBOUND = 'OUTRIGGER_OUTPUT'
const TO_OUTBOUND = 'OUTRIGGER_REDIRECT'
export const CHAINS = [INBOUND, TO_INBOUND, OUTBOUND, TO_OUTBOUND] as const
/** Rules of chains that are not ours, each with the one that it jumps to. */
export const JUMPS = [
  { chain: 'PREROUTING', rule: `-p tcp -j ${INBOUND}` },
  { chain: 'OUTPUT', rule: `-p tcp -j ${OUTBOUND}` },
] as const

/** Metrics and health: asked from outside, answered by the sidecar itself. */
const TELEMETRY_PORT = 15_020
const LOOPBACK = { ipv4: '127.0.0.1/32', ipv6: '::1/128' } as const
const WHOLE = { ipv4: 32, ipv6: 128 } as const

/**
 * Our own chains are emptied and filled, whether they were there or not; `missing`: jumps that are not there yet. Made by one
 * iptables-restore --noflush, it happens whole or not at all.
 */
export function rulesText(options: CaptureOptions, family: Family, missing: readonly (typeof JUMPS)[number][]): string {
  const rules = [...redirects(options), ...inbound(options), ...outbound(options, family), ...missing.map(jumpRule)]
  return table([...CHAINS.map((chain) => `:${chain} - [0:0]`), ...rules])
}

/** Takes away what is there of it. */
export function undoText(chains: readonly string[], jumps: readonly (typeof JUMPS)[number][]): string {
  return table([
    ...jumps.map(({ chain, rule }) => `-D ${chain} ${rule}`),
    ...chains.map((chain) => `-F ${chain}`),
    ...chains.map((chain) => `-X ${chain}`),
  ])
}

/** What of ours is in the output of iptables-save(8). */
export function present(saved: string): { chains: string[]; jumps: (typeof JUMPS)[number][] } {
  return {
    chains: CHAINS.filter((chain) => saved.includes(`\n:${chain} `)),
    jumps: JUMPS.filter(({ chain, rule }) => saved.includes(`\n-A ${chain} ${rule}\n`)),
  }
}

function redirects({ inboundPort, outboundPort }: CaptureOptions): string[] {
  return [
    `-A ${TO_INBOUND} -p tcp -j REDIRECT --to-ports ${inboundPort}`,
    `-A ${TO_OUTBOUND} -p tcp -j REDIRECT --to-ports ${outboundPort}`,
  ]
}

function inbound({ includeInboundPorts, excludeInboundPorts }: CaptureOptions): string[] {
  const spared = [TELEMETRY_PORT, ...excludeInboundPorts]
  const captured =
    includeInboundPorts === undefined
      ? [`-A ${INBOUND} -p tcp -j ${TO_INBOUND}`]
      : includeInboundPorts.map((port) => `-A ${INBOUND} -p tcp --dport ${port} -j ${TO_INBOUND}`)
  return [...spared.map((port) => `-A ${INBOUND} -p tcp --dport ${port} -j RETURN`), ...captured]
}

function outbound(options: CaptureOptions, family: Family): string[] {
  const { uid, gid, excludeOutboundPorts } = options
  const loopback = LOOPBACK[family]
  const own = [`-m owner --uid-owner ${uid}`, `-m owner --gid-owner ${gid}`]
  return [
    // the sidecar to its application
    toOutput(`-s ${APP_SOURCE[family]}/${WHOLE[family]} -o lo -j RETURN`),
    // an application that called itself by its service: the sidecar's call comes in as any other does
    ...own.map((owner) => toOutput(`! -d ${loopback} -o lo -p tcp ${owner} -j ${TO_INBOUND}`)),
    // the containers of a Pod among themselves, and the sidecar to others
    toOutput(`-o lo -m owner ! --uid-owner ${uid} -j RETURN`),
    ...own.map((owner) => toOutput(`${owner} -j RETURN`)),
    toOutput(`-d ${loopback} -j RETURN`),
    ...excludeOutboundPorts.map((port) => toOutput(`-p tcp --dport ${port} -j RETURN`)),
    ...ofFamily(options.excludeOutboundCidrs, family).map((cidr) => toOutput(`-d ${cidr} -j RETURN`)),
    ...(options.includeOutboundCidrs === undefined
      ? [toOutput(`-j ${TO_OUTBOUND}`)]
      : ofFamily(options.includeOutboundCidrs, family).map((cidr) => toOutput(`-d ${cidr} -j ${TO_OUTBOUND}`))),
  ]
}

function toOutput(rule: string): string {
  return `-A ${OUTBOUND} ${rule}`
}

function jumpRule({ chain, rule }: (typeof JUMPS)[number]): string {
  return `-A ${chain} ${rule}`
}

function ofFamily(cidrs: readonly string[], family: Family): string[] {
  return cidrs.filter((cidr) => cidr.includes(':') === (family === 'ipv6'))
}

function table(lines: readonly string[]): string {
  return `*nat\n${lines.join('\n')}\nCOMMIT\n`
}
