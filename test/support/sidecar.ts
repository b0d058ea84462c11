// A whole sidecar inside the test's own process, on free ports of loopback, gone when the test is over.

import type { Config } from '../../src/config/schema/config.ts'
import { systemClock } from '../../src/core/clock.ts'
import { Sidecar } from '../../src/sidecar.ts'
import { openLog } from '../../src/telemetry/log.ts'
import { configOf } from './config-of.ts'
import { configFromText } from './config-text.ts'
import { parseText } from './prometheus-text.ts'

interface Owner {
  teardown(run: () => unknown): void
}

export interface TestSidecar {
  readonly sidecar: Sidecar
  /** Port of the inbound listener, if there is one. */
  readonly inbound: number
  /** Port of the outbound listener, if there is one. */
  readonly outbound: number
  /** Sum of the samples of a family that carry these labels. */
  readonly metric: (name: string, labels?: Readonly<Record<string, string>>) => Promise<number>
}

/** `settings` as a user writes them. */
export async function startSidecar(t: Owner, settings: Record<string, unknown>): Promise<TestSidecar> {
  return startConfig(t, configOf({ ...QUICK_END, ...settings }))
}

/** Settings with resources beside them. */
export async function startDocuments(
  t: Owner,
  settings: Record<string, unknown>,
  resources: readonly object[],
): Promise<TestSidecar> {
  const documents = [{ ...QUICK_END, ...settings }, ...resources]
  return startConfig(t, configFromText(documents.map((one) => `---\n${JSON.stringify(one)}\n`).join('')))
}

const QUICK_END = { drain: { grace: '0', limit: '1s' } }

async function startConfig(t: Owner, config: Config): Promise<TestSidecar> {
  const log = await openLog({ level: 'silent', pretty: false, clock: systemClock })
  const sidecar = await Sidecar.start({ config, log })
  t.teardown(async () => {
    await sidecar.close()
    await log.close()
  })
  const port = (direction: string): number =>
    [...sidecar.listeners.values()].find((listener) => listener.direction === direction)?.port ?? 0
  const metric = async (name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> => {
    const wanted = Object.entries(labels)
    let text = ''
    for await (const part of sidecar.metrics.text()) text += part
    return parseText(text)
      .filter((sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value))
      .reduce((sum, { value }) => sum + value, 0)
  }
  return { sidecar, inbound: port('inbound'), outbound: port('outbound'), metric }
}

/** One inbound listener in front of an application. `http`: settings of the same name. */
export function inFrontOf(t: Owner, app: number, http: Record<string, unknown> = {}): Promise<TestSidecar> {
  const inbound = [{ listen: '127.0.0.1:0', app: `127.0.0.1:${app}`, protocol: 'http' }]
  return startSidecar(t, { listeners: { inbound }, http })
}
