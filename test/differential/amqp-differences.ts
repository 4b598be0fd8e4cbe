import type { AmqpStep } from './generators/amqp-sequence.ts'

/**
 * Every difference between what RabbitMQ 3.10.8 and Leveret say over AMQP that is known and meant. Section numbers are
 * those of the AMQP contract.
 */
export interface KnownAmqpDifference {
  readonly id: string
  readonly section: string
  readonly reason: string
  /** Whether what the two sides have received after `step` differs in this way alone. */
  explains(step: AmqpStep, reference: string, subject: string): boolean
}

/** Both texts without the words of closes: codes, classes and methods stay. */
const withoutWords = (text: string): string =>
  text.replaceAll(/replyText: ('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`)/g, '')

export const knownAmqpDifferences: readonly KnownAmqpDifference[] = [
  {
    id: 'words-about-bytes',
    section: '§1',
    reason: 'RabbitMQ prints bytes that break the protocol as Erlang terms; Leveret says what is wrong with them.',
    explains: ({ kind }, reference, subject) =>
      kind === 'malformed' && withoutWords(reference) === withoutWords(subject),
  },
  {
    id: 'body-that-is-too-long',
    section: '§1',
    reason:
      'RabbitMQ notices it at the next frame, as an unexpected one; since 4.2 at once, as Leveret, with FRAME_ERROR.',
    explains: (step, reference, subject) =>
      step.kind === 'malformed' &&
      step.what === 'a body that is too long' &&
      withoutWords(reference).replace('replyCode: 505', 'replyCode: 501') === withoutWords(subject),
  },
]

/** The known difference that explains two unequal texts, if there is one. */
export const explainAmqpDifference = (
  step: AmqpStep,
  reference: string,
  subject: string,
): KnownAmqpDifference | undefined =>
  knownAmqpDifferences.find((difference) => difference.explains(step, reference, subject))
