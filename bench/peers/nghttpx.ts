// nghttpx: nghttp2's own proxy, HTTP/2 on both sides.
import { findProgram } from '../lib/child.ts'
import type { Peer } from './peer.ts'

export const nghttpx: Peer = {
  name: 'nghttpx',
  needs: 'nghttpx (Debian: nghttp2-proxy)',
  cannot: ['routes'],
  prepare({ port, originPort, workers }) {
    const program = findProgram('nghttpx')
    if (program === undefined) return undefined
    const ends = [`--frontend=127.0.0.1,${port};no-tls`, `--backend=127.0.0.1,${originPort};;proto=h2`]
    return [program, '--conf=/dev/null', '--errorlog-file=/dev/null', '--log-level=FATAL', `--workers=${workers}`, ...ends]
  },
}
