// outrigger wait: comes back when the sidecar is ready, for whoever must not start before it.
import { parseDuration } from '../config/types.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import type { ExitCode, Io } from './io.ts'

const ASK_EVERY_MS = 200
const ANSWER_WITHIN_MS = 2000

export interface WaitOptions {
  /** Where readiness is asked. */
  readonly url: string
  /** A duration such as '2m'. */
  readonly timeout: string
}

export async function wait({ url, timeout }: WaitOptions, io: Io, clock: Clock = systemClock): Promise<ExitCode> {
  const timeoutMs = parseDuration(timeout)
  if (timeoutMs === undefined || !URL.canParse(url)) {
    io.stderr.write(
      timeoutMs === undefined ? `--timeout: expected a duration such as 2m, got ${timeout}\n` : `--url: ${url} is no URL\n`,
    )
    return 1
  }
  const endMs = clock.nowMs() + timeoutMs
  for (;;) {
    const answer = await ask(url)
    if (answer === 'ready') return 0
    if (io.stop.aborted || clock.nowMs() >= endMs) {
      io.stderr.write(`the sidecar is not ready after ${timeout}: ${url}: ${answer}\n`)
      return 1
    }
    await new Promise<void>((resolve) => {
      clock.after(ASK_EVERY_MS, resolve)
    })
  }
}

async function ask(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
    return response.ok ? 'ready' : (await response.text()).trim()
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } }
    return cause?.code ?? message
  }
}
