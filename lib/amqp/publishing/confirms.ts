import type { MethodNamed } from '../protocol/methods.ts'

/** What became of the publish with that number. */
export interface Confirmed {
  readonly sequence: number
  readonly isStored: boolean
}

export type Confirm = MethodNamed<'basic.ack'> | MethodNamed<'basic.nack'>

/**
 * The confirms of publishes that follow one another without a gap, behind which nothing is unconfirmed: a run of equal
 * outcomes is one confirm (contract §4).
 */
export function confirmsOf(confirmed: readonly Confirmed[]): readonly Confirm[] {
  const confirms: Confirm[] = []
  let runLength = 0
  for (const [index, { sequence, isStored }] of confirmed.entries()) {
    runLength += 1
    if (confirmed[index + 1]?.isStored === isStored) continue
    const multiple = runLength > 1
    confirms.push(
      isStored
        ? { name: 'basic.ack', deliveryTag: sequence, multiple }
        : { name: 'basic.nack', deliveryTag: sequence, multiple, requeue: false },
    )
    runLength = 0
  }
  return confirms
}
