// The thread that compiles configuration: kept, with its compiled code, where there is much to compile.
import t from 'tap'
import { CompileThread } from '../../src/config/compile-thread.ts'
import { systemClock } from '../../src/core/clock.ts'
import { eventually } from '../support/eventually.ts'

const PROGRAM = new URL('../../src/commands/compile-worker.ts', import.meta.url)
const order = (services: number) => ({
  fingerprint: String(services),
  environment: {},
  problems: [],
  files: [
    {
      path: 'services.json',
      bytes: Buffer.from(
        JSON.stringify({
          services: Array.from({ length: services }, (_, i) => ({
            name: `service-with-a-long-name-${i}`,
            port: 80,
            endpoints: [{ address: '127.0.0.1:1' }],
          })),
        }),
      ),
    },
  ],
})

t.test('is there again for the next change of a large configuration, and gone after a small one', async (t) => {
  const thread = new CompileThread(PROGRAM, systemClock)
  t.teardown(() => thread.close())
  t.equal(thread.isUp, false)
  t.equal((await thread.compile(order(2000))).config?.services.length, 2000)
  thread.rest()
  t.equal(thread.isUp, true, 'its code need not be compiled once more')
  await thread.compile(order(3))
  thread.rest()
  await eventually(() => !thread.isUp)
})
