import fc from 'fast-check'
import { accessStep } from './access.ts'
import { objectStep } from './objects.ts'
import { isUnbind, type Step } from './step.ts'

const step = fc.oneof({ arbitrary: objectStep, weight: 3 }, { arbitrary: accessStep, weight: 1 })

/** Every fourth call or so comes from a user whose tags and permissions the sequence itself sets. */
const caller = fc.constantFrom(
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  'u0' as const,
  'u1' as const,
)

const calledBySomebody: fc.Arbitrary<Step> = fc
  .tuple(step, caller)
  .map(([value, as]) => (as === undefined || isUnbind(value) ? value : { ...value, as }))

/** A sequence of management calls on two vhosts and two users. */
export const managementSequence: fc.Arbitrary<Step[]> = fc.array(calledBySomebody, {
  minLength: 30,
  maxLength: 80,
  size: 'max',
})
