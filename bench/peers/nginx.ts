// nginx as a reverse proxy with kept-alive upstream connections.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../lib/child.ts'
import type { Peer, Setup } from './peer.ts'

export const nginx: Peer = {
  name: 'nginx',
  needs: 'nginx: NGINX=path or on PATH',
  cannot: ['routes'],
  prepare(setup) {
    const program = findProgram('nginx')
    if (program === undefined) return undefined
    const path = join(setup.folder, 'nginx.conf')
    writeFileSync(path, config(setup))
    return [program, '-p', setup.folder, '-e', 'stderr', '-c', path]
  },
}

function config({ folder, port, originPort, tls, workers }: Setup): string {
  const certificate = tls === undefined ? '' : `ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key};`
  return `daemon off; worker_processes ${workers}; pid ${folder}/nginx.pid; error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  upstream origin { server 127.0.0.1:${originPort}; keepalive 2048; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port}${tls === undefined ? '' : ' ssl'} backlog=4096; ${certificate}
    location / {
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_max_temp_file_size 0;
    }
  }
}
`
}
