// HAProxy with reuse of upstream connections.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../lib/child.ts'
import type { Peer, Setup } from './peer.ts'

export const haproxy: Peer = {
  name: 'haproxy',
  needs: 'haproxy: HAPROXY=path or on PATH',
  cannot: ['routes'],
  prepare(setup) {
    const program = findProgram('haproxy')
    if (program === undefined) return undefined
    const path = join(setup.folder, 'haproxy.cfg')
    writeFileSync(path, config(setup))
    return [program, '-db', '-q', '-f', path]
  },
}

function config({ folder, port, originPort, tls, workers }: Setup): string {
  const pem = join(folder, 'haproxy.pem')
  if (tls !== undefined)
    writeFileSync(pem, readFileSync(tls.certificate, 'utf8') + readFileSync(tls.key, 'utf8'), { mode: 0o600 })
  return `global
  maxconn 8192
  nbthread ${workers}
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  http-reuse always
frontend bench
  bind 127.0.0.1:${port} backlog 4096${tls === undefined ? '' : ` ssl crt ${pem}`}
  default_backend origin
backend origin
  server origin 127.0.0.1:${originPort} pool-max-conn 4096
`
}
