import { bytesPerPublish } from './allocation.ts'
import { declareShop, openStage } from './publish-stage.ts'
import { awsCalls } from './rows/02-aws-calls.ts'

/**
 * `npm run bench:quick`, a part of CI: what a publish asks of AWS and what it allocates. Counts only, which are the same
 * on every machine; it fails where one has changed.
 */

/**
 * It was about 40,000 when this was written. What a feature needs it may have; whoever comes near looks what it is, and
 * whether it has to be.
 */
const MAX_BYTES_PER_PUBLISH = 55_000

const lines = await awsCalls.measure(console.log)
for (const { work, ours, goal, isReached } of lines) {
  tell(isReached === true, `${work}: ${ours[0]}, expected ${goal}`)
}
const stage = await openStage()
await declareShop(stage, 1)
const bytes = Math.round(await bytesPerPublish(stage))
await stage.close()
tell(bytes > 0 && bytes <= MAX_BYTES_PER_PUBLISH, `bytes per publish: ${bytes}, at most ${MAX_BYTES_PER_PUBLISH}`)
process.exit()

function tell(isAsExpected: boolean, what: string): void {
  console.log(`${isAsExpected ? 'ok  ' : 'FAIL'} ${what}`)
  if (!isAsExpected) process.exitCode = 1
}
