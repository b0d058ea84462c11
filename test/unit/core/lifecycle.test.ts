import t from 'tap'
import { Lifecycle } from '../../../src/core/lifecycle.ts'

t.test('closes in reverse, one after the other', async (t) => {
  const life = new Lifecycle()
  const log: string[] = []
  const thing = (name: string): { close(): Promise<void> } => ({
    async close() {
      log.push(`${name} closes`)
      await Promise.resolve()
      log.push(`${name} closed`)
    },
  })
  const first = thing('first')
  t.equal(life.own(first), first)
  life.own(thing('second'))
  life.own({ close: () => void log.push('third, at once') })
  await life.close()
  t.same(log, ['third, at once', 'second closes', 'second closed', 'first closes', 'first closed'])
})

t.test('closes everything before it throws the first error', async (t) => {
  const life = new Lifecycle()
  let closed = 0
  life.own({ close: () => void closed++ })
  life.own({ close: () => Promise.reject(new Error('late')) })
  life.own({
    close() {
      throw new Error('early')
    },
  })
  await t.rejects(life.close(), { message: 'early' })
  t.equal(closed, 1)
})

t.test('closes nothing twice', async (t) => {
  const life = new Lifecycle()
  let closed = 0
  life.own({ close: () => void closed++ })
  await Promise.all([life.close(), life.close()])
  await life.close()
  t.equal(closed, 1)
})
