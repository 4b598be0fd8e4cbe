import { test } from 'vitest'
import { expectNoticeBehindAnswer } from './deletion-notice.ts'
import { useCloud } from './embedded.ts'

/** A deletion is answered this long after it was decided: the gateway has looked for queues that are gone by then, twice. */
const connect = useCloud({ leaseMs: 2_500 })

test('consumers hear that their queue is deleted behind the answer, however long that one waits', {
  timeout: 60_000,
}, async () => {
  await expectNoticeBehindAnswer(await (await connect()).openChannel())
})
