// Where a question at a gateway comes in.
import { didYouMean } from '../../config/nearest.ts'
import { gatewayKey } from '../../routing/gateways.ts'
import type { Question } from './question.ts'
import type { Viewpoint } from './viewpoints.ts'

/** Why a question at a gateway can't be answered; undefined: it can. */
export function gatewayProblem({ config, gateways }: Viewpoint, question: Question): string | undefined {
  const { gateway, destination } = question
  if (gateway === undefined) return 'gateway: missing; expected a gateway such as "edge/public"'
  const found = config.gateways.find(({ name, namespace }) => `${namespace}/${name}` === gateway)
  if (found === undefined) {
    const hint = didYouMean(
      gateway,
      config.gateways.map(({ name, namespace }) => `${namespace}/${name}`),
    )
    return `gateway: there is no gateway ${JSON.stringify(gateway)}${hint === '' ? '' : ` (${hint})`}`
  }
  const ports = [...new Set(found.listeners.map(({ port }) => port))]
  if (destination?.port === undefined && ports.length !== 1)
    return `destination.port: missing; expected one of ${ports.join(', ')}`
  if (gateways.has(keyOf(question, ports))) return undefined
  return `destination.port: the gateway ${gateway} does not listen on ${destination?.port}; it has ${ports.join(', ')}`
}

/** '' for a question that is not at a gateway. */
export function gatewayOf({ config }: Viewpoint, question: Question): string {
  if (question.at !== 'gateway') return ''
  const found = config.gateways.find(({ name, namespace }) => `${namespace}/${name}` === question.gateway)
  return keyOf(question, found?.listeners.map(({ port }) => port) ?? [])
}

function keyOf({ gateway = '', destination }: Question, ports: readonly number[]): string {
  return gatewayKey(gateway, destination?.port ?? ports[0] ?? 0)
}
