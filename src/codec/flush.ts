// One write per connection and turn of the event loop: what is caused by the bytes that sockets had ready leaves when all of them have
// been read. A response whose head, body and end come in one read is one system call, not three; and peers that are woken once for all
// that is there for them do not fall asleep in between: waking them is the dearest part of writing.
// hot path: bench/macro

export interface Flushable {
  flush(): void
}

/** So many do not wait for the others: peers on other cores would have nothing to do meanwhile. */
const MOST = 32

const dirty: Flushable[] = []
let depth = 0
let scheduled = false
let reading = false

/** Bytes have come from a socket; those of others that are ready come before the event loop goes on. */
export function beginReading(): void {
  if (reading) return
  reading = true
  setImmediate(endReading)
}

/** Around the handling of a socket event; calls nest. What comes of it leaves at its end, or with the rest of a turn of reading. */
export function beginBurst(): void {
  depth++
}

export function endBurst(): void {
  if (--depth === 0 && (!reading || dirty.length >= MOST)) flushAll()
}

/** `output` has something to write. The caller must not add one that waits already. */
export function markDirty(output: Flushable): void {
  dirty.push(output)
  if (depth === 0 && !reading && !scheduled) {
    scheduled = true
    queueMicrotask(flushScheduled)
  }
}

function endReading(): void {
  reading = false
  flushAll()
}

function flushScheduled(): void {
  scheduled = false
  if (depth === 0 && !reading) flushAll()
}

function flushAll(): void {
  // flushing may make others dirty; they join the end of the list
  for (let i = 0; i < dirty.length; i++) (dirty[i] as Flushable).flush()
  dirty.length = 0
}
