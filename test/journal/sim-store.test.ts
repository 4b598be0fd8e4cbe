import { describeJournalStore } from '../conformance/journal-store.ts'
import { SimDatabase } from '../support/sim-database.ts'
import { SimProcess } from '../support/sim-process.ts'
import { SimStore } from '../support/sim-store.ts'
import { SimWorld } from '../support/sim-world.ts'

describeJournalStore('simulated store', async () => {
  const world = new SimWorld(1)
  const store = new SimStore(new SimProcess(world), new SimDatabase(world, 5))
  return {
    store,
    run: async (work) => {
      const working = work()
      await Promise.all([world.run(), working])
      return working
    },
  }
})
