// Which ports of the workload take only mutual TLS: what PeerAuthentication documents say, then the listeners' own settings.
import type { Config, PeerAuthenticationConfig } from '../config/schema/config.ts'
import type { MtlsMode } from '../config/schema/identity.ts'
import { parseAddress } from '../core/address.ts'
import type { FamilyMaker, PolicyFamily, Verdict } from './verdict.ts'

export class MtlsModes {
  readonly #whole: MtlsMode | undefined
  readonly #ports: ReadonlyMap<number, MtlsMode>
  readonly #listeners: ReadonlyMap<number, MtlsMode>

  constructor({ settings, peerAuthentications }: Config) {
    const { workload, rootNamespace, listeners } = settings
    const own = (wanted: (one: PeerAuthenticationConfig) => boolean) => peerAuthentications.find(wanted)
    const selects = ({ namespace, selector }: PeerAuthenticationConfig) =>
      (namespace === workload.namespace || namespace === rootNamespace) &&
      Object.keys(selector).length > 0 &&
      Object.entries(selector).every(([key, value]) => workload.labels[key] === value)
    const narrow = own((one) => one.namespace === workload.namespace && selects(one)) ?? own(selects)
    const ofNamespace = own((one) => one.namespace === workload.namespace && isWide(one))
    const ofMesh = own((one) => one.namespace === rootNamespace && isWide(one))
    this.#whole = narrow?.mode ?? ofNamespace?.mode ?? ofMesh?.mode
    this.#ports = new Map(Object.entries(narrow?.ports ?? {}).map(([port, mode]) => [Number(port), mode]))
    this.#listeners = new Map(listeners.inbound.flatMap(modesOf))
  }

  /** What documents say of a port of the application; undefined: nothing, the listener's settings count. */
  modeFor(port: number): MtlsMode | undefined {
    return this.#ports.get(port) ?? this.#whole
  }

  isStrict(port: number): boolean {
    return (this.modeFor(port) ?? this.#listeners.get(port) ?? this.#listeners.get(ANY_PORT)) === 'strict'
  }

  get anyStrict(): boolean {
    return [this.#whole, ...this.#ports.values(), ...this.#listeners.values()].includes('strict')
  }
}

/** Of a listener for captured connections: whatever the application listens on. */
const ANY_PORT = 0

function modesOf({ app, mtls, mtlsPorts }: Config['settings']['listeners']['inbound'][number]): [number, MtlsMode][] {
  const address = app === undefined ? undefined : parseAddress(app)
  const appPort = app === undefined ? ANY_PORT : address?.kind === 'tcp' ? address.port : undefined
  const whole: [number, MtlsMode][] = mtls === undefined || appPort === undefined ? [] : [[appPort, mtls]]
  return [...whole, ...Object.entries(mtlsPorts).map(([port, mode]): [number, MtlsMode] => [Number(port), mode as MtlsMode])]
}

const PLAINTEXT: Verdict = {
  allowed: false,
  rule: 'mutual-tls',
  why: 'the port takes only mutual TLS, and the peer came without',
}

/** A listener refuses such peers before they are heard; this holds them also where a port became strict while they were open. */
export const mtlsFamily: FamilyMaker = ({ config, direction }) => {
  if (direction !== 'inbound') return undefined
  const modes = new MtlsModes(config)
  if (!modes.anyStrict) return undefined
  const family: PolicyFamily = {
    name: 'mutual TLS',
    readsPath: false,
    decide: (input) => (input.identity === undefined && modes.isStrict(input.destinationPort) ? PLAINTEXT : undefined),
    nearest: () => undefined,
  }
  return family
}

function isWide({ selector }: PeerAuthenticationConfig): boolean {
  return Object.keys(selector).length === 0
}
