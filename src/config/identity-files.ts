// Which files an identity is made of, when settings name only their folder.
import type { IdentityConfig } from './schema/identity.ts'

/** The files of an identity, all named. */
export interface IdentityFiles {
  readonly certificate: string
  readonly key: string
  readonly trustBundle: string
  readonly federated: Readonly<Record<string, string>>
  readonly crl: string | undefined
}

/** undefined when one of them is not named; the checks of a configuration have said so. */
export function identityFiles(config: IdentityConfig): IdentityFiles | undefined {
  const inFolder = (name: string) => (config.folder === undefined ? undefined : `${config.folder.replace(/\/+$/, '')}/${name}`)
  const certificate = config.certificate ?? inFolder('tls.crt')
  const key = config.key ?? inFolder('tls.key')
  const trustBundle = config.trustBundle ?? inFolder('ca.crt')
  if (certificate === undefined || key === undefined || trustBundle === undefined) return undefined
  return { certificate, key, trustBundle, federated: config.federated, crl: config.crl }
}
