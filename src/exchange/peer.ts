// What is known of a connection from downstream before its first exchange.
import type { Direction, Party } from '../telemetry/outcome.ts'

export interface Peer {
  readonly direction: Direction
  /** Address of the listener, as the settings write it: its name. */
  readonly listener: string
  /** Of the caller, '10.0.0.1:40000'; as the PROXY protocol tells it where that is on. */
  readonly remoteAddress: string
  readonly remoteIp: string
  readonly localAddress: string
  readonly source: Party
  /** Server name that its TLS asked for; ''. */
  readonly serverName: string
  /** Where everything of this listener goes, where that is fixed; ''. */
  readonly service: string
  /** What each connection that is made for it begins with: a PROXY protocol head. */
  readonly preface: Buffer | undefined
}
