import type { SqsInventory } from '../../delivery/sqs-inventory.ts'
import type { SqsQueues } from '../../delivery/sqs-queues.ts'
import { messageOf } from '../../local/start-error.ts'
import type { Finding } from './findings.ts'

export interface RepairOptions {
  /** Whether orphans that hold messages are deleted as well. */
  readonly deleteMessages: boolean
}

/** What to do about a finding: in words for people, and as a deed; no deed where it is not ours to do. */
export interface Remedy {
  readonly words: string
  readonly apply?: () => Promise<void>
}

/** A remedy for a finding. Repeating one is harmless. */
export function remedyFor(
  finding: Finding,
  { queues, inventory }: { readonly queues: SqsQueues; readonly inventory: SqsInventory },
  { deleteMessages }: RepairOptions,
): Remedy {
  const { name } = finding
  switch (finding.type) {
    case 'missing':
      if (!finding.options) return { words: `leave ${name} to the stack that makes it: deploy it again` }
      return { words: `make ${name} again, empty`, apply: () => queues.create(name, finding.options) }
    case 'missing-internal':
      return { words: `make ${name} again, empty`, apply: () => queues.createInternal(finding.queue) }
    case 'orphan':
      if (finding.messages > 0 && !deleteMessages) {
        return { words: `leave ${name}, which holds messages: --delete-messages deletes it as well` }
      }
      return { words: `delete ${name}`, apply: () => queues.delete(name) }
    case 'wrong-attributes': {
      // Whether it is a FIFO queue is for good.
      const { FifoQueue: _fixed, ...attributes } = finding.expected
      const apply = () => inventory.setAttributes(queues.urlOf(name), attributes)
      return { words: `set ${Object.keys(attributes).join(', ')} of ${name}`, apply }
    }
  }
}

/** Applies remedies one by one and tells of each. What fails is told, and the rest goes on. */
export async function applyRemedies(remedies: readonly Remedy[], tell: (line: string) => void): Promise<void> {
  for (const { words, apply } of remedies) {
    try {
      await apply?.()
      tell(`${apply ? 'done' : 'not done'}: ${words}`)
    } catch (error) {
      tell(`failed: ${words}: ${messageOf(error)}`)
    }
  }
}
