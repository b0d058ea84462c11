// Which addresses and Pods may connect to a workload, and which it may connect to: Kubernetes' NetworkPolicy, reduced to TCP.

/** Labels that something bears or does not: all of it must hold, nothing means everything. */
export interface SelectorConfig {
  readonly labels: Readonly<Record<string, string>>
  readonly expressions: readonly SelectorExpression[]
}

export interface SelectorExpression {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values: readonly string[]
}

export interface NetworkPolicyConfig {
  readonly name: string
  readonly namespace: string
  /** Workloads of its namespace that it is for. */
  readonly selector: SelectorConfig
  /** undefined: it says nothing of that direction; empty: nothing is allowed. */
  readonly ingress: readonly NetworkRuleConfig[] | undefined
  readonly egress: readonly NetworkRuleConfig[] | undefined
}

export interface NetworkRuleConfig {
  /** undefined: everybody. */
  readonly peers: readonly NetworkPeerConfig[] | undefined
  /** undefined: every port; empty: none that TCP has. */
  readonly ports: readonly NetworkPortConfig[] | undefined
}

export type NetworkPeerConfig =
  | { readonly kind: 'block'; readonly cidr: string; readonly except: readonly string[] }
  /** `namespaces`: undefined for the policy's own. */
  | { readonly kind: 'pods'; readonly namespaces: SelectorConfig | undefined; readonly pods: SelectorConfig }

/** A name is looked up at the Pod that is connected to. */
export type NetworkPortConfig =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'range'; readonly from: number; readonly to: number }
