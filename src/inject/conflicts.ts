// What keeps a Pod from having a sidecar: better no Pod than one that its owner takes for protected.
import type { Flaw } from './annotations.ts'
import { isMapping, type PodTemplate } from './pod-template.ts'
import { CAPTURE, CERTIFICATES_VOLUME, CONFIG_VOLUME, PORTS, SIDECAR, USER } from './sidecar.ts'

const OWN_CONTAINERS = new Set([SIDECAR, CAPTURE])
const OWN_VOLUMES = new Set([CONFIG_VOLUME, CERTIFICATES_VOLUME])
const OWN_PORTS = new Map<unknown, string>(Object.entries(PORTS).map(([name, port]) => [port, name]))
const LEAVE_OUT = 'leave its Pods out with the annotation outrigger.dev/inject: "false"'

export function findConflicts({ spec }: PodTemplate, flaws: Flaw[]): void {
  const { hostNetwork, os } = spec
  if (hostNetwork === true)
    flaws.push({
      path: ['spec', 'hostNetwork'],
      message: 'a Pod in the network of its node cannot have a sidecar',
      hint: LEAVE_OUT,
    })
  if (isMapping(os) && os['name'] === 'windows')
    flaws.push({ path: ['spec', 'os', 'name'], message: 'there is no sidecar for Windows', hint: LEAVE_OUT })
  const context = spec['securityContext']
  if (isMapping(context)) findUser(context, ['spec', 'securityContext'], flaws)
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      const path = ['spec', list, index]
      const named = `the container ${JSON.stringify(container.name)}`
      if (OWN_CONTAINERS.has(container.name))
        flaws.push({
          path: [...path, 'name'],
          message: `${named} has the name of the sidecar's own`,
          hint: 'give it another one',
        })
      findPorts(container['ports'], [...path, 'ports'], flaws)
      const own = container['securityContext']
      if (isMapping(own)) findUser(own, [...path, 'securityContext'], flaws)
    }
  }
  for (const [index, { name }] of (spec.volumes ?? []).entries()) {
    if (!OWN_VOLUMES.has(name)) continue
    const message = `the volume ${JSON.stringify(name)} has the name of the sidecar's own`
    flaws.push({ path: ['spec', 'volumes', index, 'name'], message, hint: 'give it another one' })
  }
}

/** What runs as the sidecar's user is not captured: it would speak past every policy. */
function findUser(context: Readonly<Record<string, unknown>>, path: Flaw['path'], flaws: Flaw[]): void {
  for (const key of ['runAsUser', 'runAsGroup']) {
    if (context[key] !== USER) continue
    const message = `${key} ${USER} is the sidecar's own, whose traffic is not captured`
    flaws.push({ path: [...path, key], message, hint: 'let the application run as somebody else' })
  }
}

function findPorts(ports: unknown, path: Flaw['path'], flaws: Flaw[]): void {
  for (const [index, port] of (Array.isArray(ports) ? (ports as unknown[]) : []).entries()) {
    const number = isMapping(port) ? port['containerPort'] : undefined
    const owner = OWN_PORTS.get(number)
    if (owner === undefined) continue
    const message = `port ${String(number)} is the sidecar's own (${owner})`
    flaws.push({ path: [...path, index, 'containerPort'], message, hint: 'let the application listen on another one' })
  }
}
