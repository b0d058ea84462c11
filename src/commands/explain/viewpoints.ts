// The snapshot as the sidecar of each workload would compile it: names without a namespace mean something else in each.
import { didYouMean } from '../../config/nearest.ts'
import type { Config } from '../../config/schema/config.ts'
import type { Settings } from '../../config/schema/settings.ts'
import { compileSnapshot, type Snapshot } from '../../exchange/snapshot.ts'
import type { WorkloadQuestion } from './question.ts'

export type Viewpoint = Snapshot<undefined>

export class Viewpoints {
  readonly #config: Config
  readonly #snapshots = new Map<string, Viewpoint>()

  constructor(config: Config) {
    this.#config = config
  }

  /** Of a Pod 'namespace/name', of a workload that the question describes, or the settings' own; text: why there is none. */
  of(asked: WorkloadQuestion | undefined): Viewpoint | string {
    const workload = this.#workload(asked)
    if (typeof workload === 'string') return workload
    const key = JSON.stringify(workload)
    let snapshot = this.#snapshots.get(key)
    if (snapshot === undefined) {
      const config = { ...this.#config, settings: { ...this.#config.settings, workload } }
      snapshot = compileSnapshot<undefined>(config, { id: 0, runtime: () => undefined, random: () => 0, allGateways: true })
      this.#snapshots.set(key, snapshot)
    }
    return snapshot
  }

  #workload(asked: WorkloadQuestion | undefined): Settings['workload'] | string {
    const own = this.#config.settings.workload
    if (asked === undefined) return own
    if (typeof asked !== 'string') return { ...own, labels: {}, serviceAccount: 'default', ...asked }
    const pod = this.#config.workloads.find(({ name, namespace }) => `${namespace}/${name}` === asked)
    if (pod === undefined) {
      const known = this.#config.workloads.map(({ name, namespace }) => `${namespace}/${name}`)
      const hint = didYouMean(asked, known)
      return `workload: there is no Pod ${JSON.stringify(asked)}${hint === '' ? '' : ` (${hint})`}`
    }
    const { name, namespace, serviceAccount, labels } = pod
    return { ...own, name, namespace, serviceAccount, labels }
  }
}
