// The file of a Unix socket outlives a process that crashed, and nobody can listen there again before it is gone.
import { lstat, rename, unlink } from 'node:fs/promises'
import { connect } from 'node:net'

/** Removes the file of a socket on which nobody listens; false: there is none, it is something else, or somebody does listen. */
export async function removeStaleSocket(path: string): Promise<boolean> {
  const before = await lstat(path).catch(() => undefined)
  if (before?.isSocket() !== true || (await isListenedOn(path))) return false
  // another process may have come to the same end, and listen there by now: what was moved aside must be what was asked
  const aside = `${path}.stale`
  await rename(path, aside)
  const moved = await lstat(aside)
  if (moved.ino !== before.ino || moved.dev !== before.dev) {
    await rename(aside, path)
    return false
  }
  await unlink(aside)
  return true
}

/** Also true where it can't be told. */
function isListenedOn(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}
