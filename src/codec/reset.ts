// Cutting a connection so that its peer can't take it for a clean end.
import type { Socket } from 'node:net'

/** By a TCP reset where there is TCP: Unix sockets and TLS have none, and are closed without a farewell. */
export function resetSocket(socket: Socket): void {
  // Node puts the reset of a connection that is still coming up off until it is up, which may be never; and the kernel's interface
  // refuses it while the end of the stream waits behind unsent bytes
  if (socket.connecting || (socket.writableEnded && !socket.writableFinished)) {
    socket.destroy()
    return
  }
  try {
    socket.resetAndDestroy()
  } catch {
    socket.destroy()
  }
}
