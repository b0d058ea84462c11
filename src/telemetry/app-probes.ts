// Asks the application how it is, in the place of the kubelet: by HTTP, a connection, or gRPC's health service.

import type * as http from 'node:http'
import type { ClientRequest } from 'node:http'
import type * as http2 from 'node:http2'
import type * as https from 'node:https'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import type { AppProbe } from '../config/schema/telemetry.ts'
import { formatHostPort } from '../core/address.ts'
import { appSourceFor } from '../core/app-source.ts'
import type { Clock } from '../core/clock.ts'
import { isServing, serviceRequest } from '../core/grpc-health.ts'

// loaded when there is a probe that needs it
const load = createRequire(import.meta.url)
/** A gRPC health response has seven bytes. */
const MOST_BYTES = 1024

/** '': it is well; else what is wrong. Never rejects. */
type Finding = string

/** One question; what it returns gives the question up. */
type Ask = (probe: AppProbe, found: (finding: Finding) => void) => () => void

/** undefined: there is no such probe. */
export async function runProbe(probes: readonly AppProbe[], name: string, clock: Clock): Promise<Finding | undefined> {
  const probe = probes.find((one) => one.name === name)
  if (probe === undefined) return undefined
  const ask: Ask = probe.http !== undefined ? askHttp : probe.grpc !== undefined ? askGrpc : askTcp
  const { promise, resolve } = Promise.withResolvers<Finding>()
  const cancel = ask(probe, resolve)
  const stopWaiting = clock.after(probe.timeout, () => resolve('no answer in time'))
  const finding = await promise
  stopWaiting()
  cancel()
  return finding
}

const askHttp: Ask = ({ host, http: spec }, found) => {
  const { port, path, https: secure, headers } = spec as NonNullable<AppProbe['http']>
  const options = { host, port, path, headers, agent: false, localAddress: sourceFor(host), rejectUnauthorized: false }
  const module = secure ? (load('node:https') as typeof https) : (load('node:http') as typeof http)
  const request: ClientRequest = module.get(options, (response) => {
    const { statusCode = 0 } = response
    found(statusCode >= 200 && statusCode < 400 ? '' : `status ${statusCode}`)
  })
  request.on('error', (error) => found(error.message))
  return () => request.destroy()
}

const askTcp: Ask = ({ host, tcp }, found) => {
  const socket = connect({ host, port: tcp?.port ?? 0, localAddress: sourceFor(host) }, () => found(''))
  socket.on('error', (error) => found(error.message))
  return () => socket.destroy()
}

const askGrpc: Ask = ({ host, grpc }, found) => {
  const { port, service } = grpc as NonNullable<AppProbe['grpc']>
  const authority = `http://${formatHostPort(host, port)}`
  const source = sourceFor(host)
  const session = (load('node:http2') as typeof http2).connect(authority, {
    createConnection: () => connect({ host, port, localAddress: source }),
  })
  session.on('error', (error) => found(error.message))
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  const chunks: Buffer[] = []
  stream.on('error', (error) => found(error.message))
  stream.on('data', (chunk: Buffer) => {
    if (chunks.push(chunk) > MOST_BYTES) found('too long an answer')
  })
  stream.on('end', () => found(isServing(Buffer.concat(chunks)) ? '' : 'it is not serving'))
  stream.end(serviceRequest(service))
  return () => session.destroy()
}

/** What goes to loopback is not captured in any case. */
function sourceFor(host: string): string | undefined {
  return host === '127.0.0.1' || host === '::1' || host === 'localhost' ? undefined : appSourceFor(host)
}
