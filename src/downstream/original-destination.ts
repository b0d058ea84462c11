// Where a connection was going before iptables sent it here: the kernel remembers (SO_ORIGINAL_DST). The one door to koffi.
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { canonicalIp, formatHostPort } from '../core/address.ts'

/** host:port; '' when the connection was not captured. */
export type AskOriginal = (socket: Socket) => string

type GetSocketOption = (...given: [fd: number, level: number, name: number, value: Buffer, length: number[]]) => number

interface Koffi {
  load(path: string): { func(definition: string): unknown }
}

/** linux/netfilter_ipv4.h, linux/netfilter_ipv6/ip6_tables.h: the same number for both families. */
const SO_ORIGINAL_DST = 80
const SOL_IP = 0
const SOL_IPV6 = 41
/** struct sockaddr_in6, the larger one. */
const ADDRESS_BYTES = 28
const IPV4_BYTES = 16

let loaded: GetSocketOption | undefined

/** Throws, with words for the user, where the kernel can't be asked. */
export function openOriginalDestination(): AskOriginal {
  loaded ??= load()
  const getSocketOption = loaded
  const value = Buffer.alloc(ADDRESS_BYTES)
  return (socket) => {
    const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } | null }
    const { localAddress, localPort = 0 } = socket
    if (handle?.fd === undefined || handle.fd < 0 || localAddress === undefined) return ''
    const near = canonicalIp(localAddress)
    const isIpv6 = near.includes(':')
    const length = [isIpv6 ? ADDRESS_BYTES : IPV4_BYTES]
    if (getSocketOption(handle.fd, isIpv6 ? SOL_IPV6 : SOL_IP, SO_ORIGINAL_DST, value, length) !== 0) return ''
    const original = isIpv6 ? readIpv6(value) : readIpv4(value)
    // of a connection that nobody redirected the kernel says what everybody knows
    return original === formatHostPort(near, localPort) ? '' : original
  }
}

function load(): GetSocketOption {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi
    const libc = koffi.load('libc.so.6')
    return libc.func(
      'int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)',
    ) as GetSocketOption
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n', 1)[0] as string) : String(error)
    throw new Error(`captured connections can not be served here, for lack of the package koffi or of Linux: ${why}`, {
      cause: error,
    })
  }
}

function readIpv4(address: Buffer): string {
  return formatHostPort(address.subarray(4, 8).join('.'), address.readUInt16BE(2))
}

function readIpv6(address: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => address.readUInt16BE(8 + 2 * i).toString(16))
  return formatHostPort(canonicalIp(groups.join(':')), address.readUInt16BE(2))
}
