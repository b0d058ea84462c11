// One write per burst: whatever the bytes of one socket callback cause, on whichever connections, leaves when that callback is
// through. A response whose head, body and end come in one read is one system call, not three.
// hot path: bench/macro

export interface Flushable {
  flush(): void
}

const dirty: Flushable[] = []
let depth = 0
let scheduled = false

/** Around the handling of a socket event; calls nest. */
export function beginBurst(): void {
  depth++
}

export function endBurst(): void {
  if (--depth === 0) flushAll()
}

/** `output` has something to write. The caller must not add one that waits already. */
export function markDirty(output: Flushable): void {
  dirty.push(output)
  if (depth === 0 && !scheduled) {
    scheduled = true
    queueMicrotask(flushScheduled)
  }
}

function flushScheduled(): void {
  scheduled = false
  if (depth === 0) flushAll()
}

function flushAll(): void {
  // flushing may make others dirty; they join the end of the list
  for (let i = 0; i < dirty.length; i++) (dirty[i] as Flushable).flush()
  dirty.length = 0
}
