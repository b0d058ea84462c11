// When the sidecar itself has too much to do.
import { z } from 'zod'
import { duration } from '../types.ts'

export const overload = z.strictObject({
  loopDelay: duration('500ms').describe(
    'New requests are refused with 503 and flag OM, a growing share of them, while the event loop is late by more than this; outbound ones only from twice this on. "0": never.',
  ),
  memoryPercent: z
    .number()
    .min(0)
    .max(100)
    .default(95)
    .describe(
      'The same while the heap is fuller than this, in percent of its limit, which V8 takes from the container. 0: never.',
    ),
})
