// Starts listening, and says in the user's words why it could not be done.
import { type Address, formatAddress } from './address.ts'
import { removeStaleSocket } from './stale-socket.ts'

/** A server of node:net, node:http or node:tls. */
interface Server {
  once(event: 'error', told: (error: Error) => void): unknown
  off(event: 'error', told: (error: Error) => void): unknown
  listen(where: { path: string } | { host: string; port: number }, done: () => void): unknown
}

/**
 * Resolves when `server` listens; rejects with an Error that names the address and `key`, the setting it came from. The file that a
 * crashed process left of a Unix socket is no hindrance.
 */
export async function listen(server: Server, address: Address, key: string): Promise<void> {
  try {
    await listenOnce(server, address)
  } catch (error) {
    const taken = address.kind === 'unix' && (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    if (!taken || !(await removeStaleSocket(address.path))) throw listenError(error as Error, address, key)
    await listen(server, address, key)
  }
}

function listenOnce(server: Server, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      server.off('error', failed)
      reject(error)
    }
    server.once('error', failed)
    server.listen(address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

export function listenError(error: Error, address: Address, key: string): Error {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return new Error(`cannot listen on ${formatAddress(address)}: ${reason(code, address) ?? error.message} (${key})`, {
    cause: error,
  })
}

function reason(code: string, address: Address): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return address.kind === 'unix' ? 'somebody listens there, or it is no socket' : 'the port is in use by another process'
    case 'EACCES':
    case 'EPERM':
      return address.kind === 'unix'
        ? 'no permission to make the socket'
        : 'no permission; ports below 1024 need more rights than this process has'
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address'
    case 'EAFNOSUPPORT':
      return 'this machine does not speak that kind of address'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name does not resolve'
    case 'ENOENT':
      return 'its directory does not exist'
    default:
      return undefined
  }
}
