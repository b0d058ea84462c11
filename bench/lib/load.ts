// The two load generators: wrk as fast as the proxy answers, h2load at a fixed rate whether or not it does.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram, LOAD_CORES, output } from './child.ts'
import { percentile } from './stats.ts'

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url))

export interface Load {
  readonly url: string
  readonly host: string
  readonly connections: number
  readonly seconds: number
  /** Cores of the generator; by default those that are not the proxy's. */
  readonly cores?: string
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Requests that failed or were not answered with success. */
  readonly errors: number
}

export async function saturate({ url, host, connections, seconds, cores = LOAD_CORES }: Load): Promise<LoadResult> {
  const wrk = findProgram('wrk')
  if (wrk === undefined) throw new Error('wrk is needed to make load')
  const command = [wrk, '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', '-s', SCRIPT, '-H', `Host: ${host}`, url]
  const text = await output(command, cores)
  const line = /^RESULT (.*)$/m.exec(text)?.[1]
  if (line === undefined) throw new Error(`wrk said nothing of use: ${text.slice(0, 500)}`)
  const said = JSON.parse(line) as Record<'requests' | 'micros' | 'p50' | 'p99' | 'errors' | 'bad', number>
  return {
    requests: said.requests - said.bad,
    seconds: said.micros / 1e6,
    p50Ms: said.p50 / 1000,
    p99Ms: said.p99 / 1000,
    errors: said.errors + said.bad,
  }
}

/** `perSecond` requests a second in all, of which each connection has its share, due at fixed times. */
export async function atRate(load: Load, perSecond: number): Promise<LoadResult> {
  const h2load = findProgram('h2load')
  if (h2load === undefined) throw new Error('h2load is needed for load at a fixed rate')
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-'))
  try {
    const log = join(folder, 'requests')
    const { url, host, connections, seconds, cores = LOAD_CORES } = load
    const rate = ['--rps', String(perSecond / connections), '-c', String(connections), '-D', String(seconds)]
    await output([h2load, '--h1', ...rate, `--log-file=${log}`, '-H', `:authority: ${host}`, url], cores)
    return readLog(readFileSync(log, 'latin1'), seconds)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export interface Http2Load extends Load {
  /** Streams at once on each connection. */
  readonly streams: number
  /** File that is sent as a gRPC request; left out: GET. */
  readonly message?: string
}

/** As fast as the proxy answers, over HTTP/2. */
export async function saturateHttp2({
  url,
  host,
  connections,
  streams,
  seconds,
  message,
  cores = LOAD_CORES,
}: Http2Load): Promise<LoadResult> {
  const h2load = findProgram('h2load')
  if (h2load === undefined) throw new Error('h2load is needed for load over HTTP/2')
  const grpc = message === undefined ? [] : ['-d', message, '-H', 'content-type: application/grpc', '-H', 'te: trailers']
  const command = [h2load, '-t1', '-c', String(connections), '-m', String(streams), '-D', String(seconds), ...grpc]
  const text = await output([...command, '-H', `:authority: ${host}`, url], cores)
  const said = /requests: .*? (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(text)
  const good = /status codes: (\d+) 2xx/.exec(text)?.[1]
  if (said === null || good === undefined || said[1] === '0') throw new Error(`h2load said nothing of use: ${text.slice(0, 500)}`)
  const [, succeeded = 0, failed = 0] = said.map(Number)
  return { requests: succeeded, seconds, p50Ms: 0, p99Ms: 0, errors: Math.max(failed, succeeded - Number(good)) }
}

/** Lines of: start, status (-1: failed), microseconds. */
function readLog(text: string, seconds: number): LoadResult {
  const rows = text
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t').map(Number))
  const good = rows.filter(([, status]) => status === 200)
  const micros = Float64Array.from(good, (row) => row[2] as number).sort()
  return {
    requests: good.length,
    seconds,
    p50Ms: percentile(micros, 0.5) / 1000,
    p99Ms: percentile(micros, 0.99) / 1000,
    errors: rows.length - good.length,
  }
}
