// The origin behind all proxies: nginx, answering from memory, on the load's core.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Child, findProgram, freePort, LOAD_CORES } from './child.ts'
import { answers } from './ready.ts'

export const SMALL_BODY_BYTES = 1024
export const LARGE_BODY_BYTES = 1_048_576

export interface Origin {
  readonly port: number
  readonly child: Child
}

/** Answers /1m with 1 MiB, everything else with 1 KiB. */
export async function startOrigin(folder: string): Promise<Origin> {
  const nginx = findProgram('nginx')
  if (nginx === undefined) throw new Error('nginx is needed as the origin')
  const port = await freePort()
  writeFileSync(join(folder, '1m'), Buffer.alloc(LARGE_BODY_BYTES, 'x'))
  writeFileSync(
    join(folder, 'origin.conf'),
    `daemon off; worker_processes 1; pid ${folder}/origin.pid; error_log stderr crit; master_process off;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; sendfile on; tcp_nopush on;
  open_file_cache max=10 inactive=600s; open_file_cache_valid 600s;
  client_body_temp_path ${folder}/origin-body; proxy_temp_path ${folder}/origin-proxy;
  fastcgi_temp_path ${folder}/origin-fastcgi; uwsgi_temp_path ${folder}/origin-uwsgi; scgi_temp_path ${folder}/origin-scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /1m { root ${folder}; }
    location / { return 200 "${'x'.repeat(SMALL_BODY_BYTES)}"; }
  }
}
`,
  )
  const child = new Child([nginx, '-p', folder, '-e', 'stderr', '-c', join(folder, 'origin.conf')], { cores: LOAD_CORES })
  await answers(child, `http://127.0.0.1:${port}/`, 'origin')
  return { port, child }
}
