import t from 'tap'
import { Bag } from '../../../src/core/bag.ts'
import { Seeded } from '../../support/seeded.ts'

t.test('holds what has been added and not taken out, whatever the order', async (t) => {
  const random = new Seeded(3)
  const bag = new Bag<{ place: number; name: number }>()
  const kept = new Set<{ place: number; name: number }>()
  for (let name = 0; name < 2000; name++) {
    const one = { place: -1, name }
    bag.add(one)
    kept.add(one)
    if (random.chance(60)) {
      const gone = random.pick([...kept])
      bag.delete(gone)
      kept.delete(gone)
    }
  }
  const names = (all: Iterable<{ name: number }>): number[] => Array.from(all, (one) => one.name).sort((a, b) => a - b)
  t.equal(bag.size, kept.size)
  t.same(names(bag), names(kept))
})

t.test('adding twice and taking out twice change nothing', async (t) => {
  const bag = new Bag<{ place: number }>()
  const [a, b] = [{ place: -1 }, { place: -1 }]
  bag.add(a)
  bag.add(a)
  bag.add(b)
  t.equal(bag.size, 2)
  bag.delete(a)
  bag.delete(a)
  t.same([...bag], [b])
})

t.test('may be changed while it is gone through', async (t) => {
  const bag = new Bag<{ place: number }>()
  for (let i = 0; i < 10; i++) bag.add({ place: -1 })
  let seen = 0
  for (const one of bag) {
    seen++
    bag.delete(one)
  }
  t.equal(seen, 10)
  t.equal(bag.size, 0)
})
