// The socket of a connection to an endpoint: plain, or TLS with whoever is meant to be there. Reads go into the memory of the caller where
// Node can do that.
import { connect, type NetConnectOpts, Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import type { Address } from '../../core/address.ts'
import type { Holder } from '../../identity/guard.ts'
import type { Secure } from '../secure/security.ts'

export interface ConnectOptions {
  /** undefined: plaintext; text: why there can be none. */
  readonly secure: Secure | string | undefined
  /** Bytes to send before anything else, TLS included. */
  readonly preface: Buffer | undefined
  /** Address of this machine that a connection to a host comes from; undefined: the kernel chooses. */
  readonly source: ((host: string) => string) | undefined
  /** Memory for the next read. */
  readonly buffer: () => Buffer
  readonly read: (bytes: Buffer) => void
  /** Bytes in memory of their own. */
  readonly data: (bytes: Buffer) => void
  /** What stands on certificates may have to go. */
  readonly holder: Holder
}

/** Calls back later only. `connected`: it is up, and whoever is meant is at the other end. */
export function openSocket(target: Address, options: ConnectOptions, connected: () => void): Socket {
  const { secure, preface } = options
  if (typeof secure === 'string') return failing(secure)
  const where: NetConnectOpts =
    target.kind === 'unix'
      ? { path: target.path }
      : { host: target.host, port: target.port, noDelay: true, localAddress: options.source?.(target.host) }
  const onread = {
    buffer: options.buffer,
    callback(length: number, bytes: Uint8Array): boolean {
      options.read((bytes as Buffer).subarray(0, length))
      return true
    },
  }
  if (secure === undefined) {
    const socket = connect({ ...where, allowHalfOpen: true, onread } as NetConnectOpts)
    if (preface !== undefined) socket.write(preface)
    socket.once('connect', connected)
    return socket
  }
  const tls = {
    secureContext: secure.context,
    ...(secure.serverName === '' ? {} : { servername: secure.serverName }),
    ...(secure.protocols.length === 0 ? {} : { ALPNProtocols: [...secure.protocols] }),
    // the chain is checked by OpenSSL; whose it is, below
    checkServerIdentity: () => undefined,
    allowHalfOpen: true,
  }
  const socket =
    preface === undefined
      ? connectTls({ ...where, ...tls, onread } as object as ConnectionOptions)
      : behindPreface(where, preface, tls, options.data)
  if (preface === undefined && target.kind === 'tcp') socket.setNoDelay(true)
  socket.once('secureConnect', () => {
    const problem = secure.check(socket, options.holder)
    if (problem === undefined) connected()
    else socket.destroy(new Error(problem))
  })
  return socket
}

/** TLS begins behind bytes that are not of it; Node then has no memory of ours to read into. */
function behindPreface(where: NetConnectOpts, preface: Buffer, tls: object, data: (bytes: Buffer) => void): TLSSocket {
  const plain = connect({ ...where, allowHalfOpen: true })
  plain.write(preface)
  const socket = connectTls({ ...tls, socket: plain })
  // an error of the plain socket comes up in the one above
  plain.on('error', () => {})
  socket.on('data', data)
  return socket
}

function failing(why: string): Socket {
  const socket = new Socket()
  queueMicrotask(() => socket.destroy(new Error(why)))
  return socket
}
