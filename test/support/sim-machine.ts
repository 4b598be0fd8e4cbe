import type { JournalEvent, StateMachine } from '../../lib/journal/machine.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'

/** A set of words, and a digest of everything that happened to it: equal digests mean the same events in the same order. */
export interface Words {
  readonly words: Set<string>
  digest: number
}

export interface WordEvent extends JournalEvent {
  readonly type: 'added' | 'removed'
  readonly word: string
}

/** Serves as the access journal too: there the words are the ids of vhost journals. */
export const wordMachine: StateMachine<Words, WordEvent> = {
  format: 1,
  initial: () => ({ words: new Set(), digest: 0 }),
  apply(state, { type, word }) {
    if (type === 'added') state.words.add(word)
    else state.words.delete(word)
    for (const letter of `${type} ${word};`) state.digest = (Math.imul(state.digest, 31) + letter.charCodeAt(0)) | 0
  },
  snapshot: ({ words, digest }) => ({ words: [...words], digest }),
  restore(snapshot) {
    const { words, digest } = snapshot as AmqpTable
    return { words: new Set(words as string[]), digest: digest as number }
  },
}

export const added = (word: string): WordEvent => ({ type: 'added', word })
export const removed = (word: string): WordEvent => ({ type: 'removed', word })
