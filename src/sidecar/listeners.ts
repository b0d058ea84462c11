// Every address that a configuration asks to accept on, by the address.
import type { Config } from '../config/schema/config.ts'
import type { GatewayConfig } from '../config/schema/gateways.ts'
import type { GatewayListenerConfig } from '../config/schema/listeners.ts'
import type { ListenerConfig } from '../downstream/listener.ts'

/** `key`: where the settings say it, for messages. */
export function listenersOf({ settings: { listeners }, gateways }: Config): Map<string, ListenerConfig & { key: string }> {
  const all = new Map<string, ListenerConfig & { key: string }>()
  listeners.inbound.forEach((config, i) =>
    all.set(config.listen, { direction: 'inbound', config, key: `listeners.inbound[${i}]` }),
  )
  listeners.outbound.forEach((config, i) =>
    all.set(config.listen, { direction: 'outbound', config, key: `listeners.outbound[${i}]` }),
  )
  listeners.gateway.forEach((config, i) => {
    const gateway = gateways.find(({ name, namespace }) => `${namespace}/${name}` === config.gateway)
    const own = (gateway?.listeners ?? []).filter(({ port }) => port === config.port).map((one) => withCertificates(one, config))
    all.set(config.listen, { direction: 'gateway', config, listeners: own, key: `listeners.gateway[${i}]` })
  })
  return all
}

/** A listener that has no certificate at hand shows those of the settings. */
function withCertificates(
  listener: GatewayConfig['listeners'][number],
  { certificates }: GatewayListenerConfig,
): GatewayConfig['listeners'][number] {
  const isBare = listener.tls !== undefined && listener.tls.certificates.length === 0
  return isBare ? { ...listener, tls: { certificates } } : listener
}
