// Many open connections before a sidecar of many policies, half of them soon denied: for tests and measurements of how long that takes.
import { renameSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { eventually } from './eventually.ts'

/** Addresses of loopback. */
const ALLOWED = '127.0.0.1'
const DENIED = '127.0.0.9'

/** Policies that let everybody of loopback in, or all but one, among others that are for nobody here. */
export function policies(count: number, deniesOne: boolean): string {
  const idle = Array.from({ length: count - 1 }, (_, i) => ({
    name: `idle-${i}`,
    rules: [{ from: [{ ipBlocks: [`10.${i >> 8}.${i & 255}.0/24`] }], to: [{ paths: [`/p${i}*`] }] }],
  }))
  const from = [{ ipBlocks: ['127.0.0.0/8'], ...(deniesOne ? { notIpBlocks: [DENIED] } : {}) }]
  return JSON.stringify({ policies: [...idle, { name: 'loopback', rules: [{ from }] }] })
}

export interface Caller {
  readonly socket: Socket
  received: string
  closedMs: number
}

/** Every second one from the address that will be denied; those of `waiting` wait for a response that does not come. */
export async function openMany(port: number, count: number, waiting: (i: number) => boolean): Promise<Caller[]> {
  const callers = Array.from({ length: count }, (_, i): Caller => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: i % 2 === 0 ? ALLOWED : DENIED })
    const caller: Caller = { socket, received: '', closedMs: 0 }
    socket.setEncoding('latin1').on('data', (text: string) => (caller.received += text))
    socket.on('error', () => {})
    socket.on('end', () => (caller.closedMs ||= performance.now()))
    socket.on('close', () => (caller.closedMs ||= performance.now()))
    socket.write(`GET /${waiting(i) ? 'wait' : 'answer'} HTTP/1.1\r\nHost: app\r\n\r\n`)
    return caller
  })
  const ready = (): boolean => callers.every(({ received }, i) => waiting(i) || received.includes('\r\n\r\n'))
  await eventually(ready, { timeoutMs: 60_000, everyMs: 20 })
  return callers
}

/** Milliseconds from the rename of the file to the last denied connection's end, or its 403. */
export async function denyHalf(folder: string, callers: readonly Caller[], count: number): Promise<number> {
  const denied = callers.filter((_, i) => i % 2 === 1)
  const told = new Map<Caller, number>()
  for (const caller of denied)
    caller.socket.on('data', () => {
      if (caller.received.includes('HTTP/1.1 403')) told.set(caller, performance.now())
    })
  const next = join(folder, '.policies.next')
  writeFileSync(next, policies(count, true))
  const startMs = performance.now()
  renameSync(next, join(folder, 'policies.json'))
  const endOf = (caller: Caller): number => told.get(caller) ?? caller.closedMs
  await eventually(() => denied.every((caller) => endOf(caller) > 0), { timeoutMs: 60_000, everyMs: 5 })
  return Math.max(...denied.map(endOf)) - startMs
}
