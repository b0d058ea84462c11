// Real authorities and certificates for tests, made on the spot in folders that go with the test.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Authority } from '../../src/ca/authority.ts'
import { spiffeUri } from '../../src/identity/spiffe.ts'
import { temporaryFolder } from './sidecar-process.ts'

interface Owner {
  teardown(run: () => unknown): void
}

interface Special {
  /** Alternative names, in the place of the identity. */
  readonly uris?: readonly string[]
  readonly commonName?: string
  readonly notBeforeMs?: number
  readonly notAfterMs?: number
}

const HOUR_MS = 3_600_000

export class TestAuthority {
  readonly folder: string
  readonly authority: Authority
  readonly #t: Owner
  readonly #nowMs: number

  constructor(t: Owner, trustDomain = 'cluster.local', nowMs = Date.now()) {
    this.#t = t
    this.#nowMs = nowMs
    this.folder = temporaryFolder(t)
    this.authority = Authority.create(this.folder, { trustDomain, lifeMs: 24 * HOUR_MS, nowMs })
  }

  /** A folder as `identity.folder` names it. */
  workload(namespace: string, serviceAccount: string): string {
    const folder = temporaryFolder(this.#t)
    const uri = spiffeUri(this.authority.trustDomain, namespace, serviceAccount)
    this.authority.issueInto(folder, uri, { lifeMs: HOUR_MS, nowMs: this.#nowMs })
    return folder
  }

  /** Certificate, key and bundle as PEM. */
  issue(namespace: string, serviceAccount: string, special: Special = {}): { cert: string; key: string; ca: string } {
    const { uris = [spiffeUri(this.authority.trustDomain, namespace, serviceAccount)] } = special
    const { notBeforeMs = this.#nowMs - HOUR_MS, notAfterMs = this.#nowMs + HOUR_MS } = special
    const { commonName } = special
    const subject = { uris, ...(commonName === undefined ? {} : { commonName }) }
    const { certificate, key } = this.authority.issue({ ...subject, notBeforeMs, notAfterMs })
    return { cert: certificate, key, ca: this.authority.bundle }
  }

  /** The same as files in a folder of its own. */
  folderOf({ cert, key, ca }: { cert: string; key: string; ca: string }): string {
    const folder = temporaryFolder(this.#t)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'tls.crt'), cert)
    writeFileSync(join(folder, 'tls.key'), key)
    writeFileSync(join(folder, 'ca.crt'), ca)
    return folder
  }
}
