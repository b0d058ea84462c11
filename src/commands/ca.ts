// outrigger ca: a small authority for development and machines that have none. docs/identity.md shows it at work.
import { watch as watchFolder } from 'node:fs'
import { Authority, renewalOf } from '../ca/authority.ts'
import { readIfThere } from '../ca/folder.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { parseSpiffeId, spiffeUri } from '../identity/spiffe.ts'
import type { ExitCode, Io } from './io.ts'

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
/** Between two looks at what has to be renewed. */
const LOOK_EVERY_MS = 10_000

export interface CaOptions {
  /** The folder of the authority. */
  readonly folder: string
  readonly life: string
}

export function caInit({ folder, life, trustDomain }: CaOptions & { trustDomain: string }, io: Io): ExitCode {
  return attempt(io, () => {
    Authority.create(folder, { trustDomain, lifeMs: lifeOf(life), nowMs: systemClock.wallMs() })
    return `${folder}: an authority for ${trustDomain}; ${folder}/ca.crt is what others should believe`
  })
}

export interface IssueOptions extends CaOptions {
  readonly namespace: string
  readonly serviceAccount: string
  readonly into: string
}

export function caIssue({ folder, life, namespace, serviceAccount, into }: IssueOptions, io: Io): ExitCode {
  return attempt(io, () => {
    const authority = Authority.open(folder)
    const uri = spiffeUri(authority.trustDomain, namespace, serviceAccount)
    if (parseSpiffeId(uri) === undefined)
      throw new Error(`${uri} is no identity: a namespace and a service account are lower-case names`)
    authority.issueInto(into, uri, { lifeMs: lifeOf(life), nowMs: systemClock.wallMs() })
    return `${into}: a certificate for ${uri}, for ${life}`
  })
}

export interface RenewOptions {
  readonly folder: string
  readonly watch?: true
  readonly force?: true
}

/** `into`: folders that `issue` has written. */
export async function caRenew(into: readonly string[], { folder, watch, force }: RenewOptions, io: Io): Promise<ExitCode> {
  const renew = (all: boolean) => attempt(io, () => renewDue(into, { folder, all, clock: systemClock }))
  const first = renew(force === true)
  if (watch !== true || first !== 0) return first
  await new Promise<void>((resolve) => {
    // a change of the authority reaches the workloads at once; watching it also keeps the process alive, which timers here do not
    const watcher = watchFolder(folder, () => void renew(false))
    const cancel = systemClock.every(LOOK_EVERY_MS, () => void renew(false))
    const end = (): void => {
      watcher.close()
      cancel()
      resolve()
    }
    if (io.stop.aborted) end()
    else io.stop.addEventListener('abort', end, { once: true })
  })
  return 0
}

const STEPS = {
  announced: 'a new root is believed and does not sign yet. Renew every workload (renew --force), then rotate again',
  switched: 'the new root signs; both are believed. Renew every workload (renew --force), then rotate again',
  forgotten: 'the old root is not believed any more. Renew every workload (renew --force), and it is done',
} as const

export function caRotate({ folder, life }: CaOptions, io: Io): ExitCode {
  return attempt(io, () => {
    const { step } = Authority.open(folder).rotate(lifeOf(life), systemClock.wallMs())
    return `${folder}: ${STEPS[step]}`
  })
}

/** `into`: a folder that `issue` has written. */
export function caRevoke(into: string, { folder }: { folder: string }, io: Io): ExitCode {
  return attempt(io, () => {
    const certificate = readIfThere(into, 'tls.crt')
    if (certificate === undefined) throw new Error(`${into} has no tls.crt`)
    Authority.open(folder).revoke(certificate, systemClock.wallMs())
    return `${folder}: revoked; ${folder}/crl.pem says so. Sidecars read it where identity.crl names it; renew --force hands it to every workload`
  })
}

function renewDue(into: readonly string[], { folder, all, clock }: { folder: string; all: boolean; clock: Clock }): string {
  const authority = Authority.open(folder)
  const nowMs = clock.wallMs()
  const renewed: string[] = []
  for (const each of into) {
    const certificate = readIfThere(each, 'tls.crt')
    if (certificate === undefined) throw new Error(`${each} has no tls.crt; outrigger ca issue makes one`)
    const { uri, lifeMs, atMs } = renewalOf(certificate)
    // what is believed may have changed as well
    if (!all && nowMs < atMs && readIfThere(each, 'ca.crt') === authority.bundle) continue
    authority.issueInto(each, uri, { lifeMs, nowMs })
    renewed.push(`${each}: renewed`)
  }
  return renewed.join('\n')
}

function lifeOf(text: string): number {
  const match = /^([1-9]\d{0,5})(s|m|h|d)$/.exec(text)
  if (match === null) throw new Error(`expected a life such as "24h" or "365d", got "${text}"`)
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
}

function attempt(io: Io, run: () => string): ExitCode {
  try {
    const words = run()
    if (words !== '') io.stdout.write(`${words}\n`)
    return 0
  } catch (error) {
    io.stderr.write(`outrigger ca: ${(error as Error).message}\n`)
    return 1
  }
}
