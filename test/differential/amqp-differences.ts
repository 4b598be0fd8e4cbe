import type { MethodName } from '../../lib/amqp/protocol/methods.ts'
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

/**
 * What is never generated, because what it leads to is a matter of chance on one of the sides, or known to differ in all
 * that comes after.
 */
export const avoided = [
  {
    section: '§5',
    what: 'exchange types that do not exist',
    reason: 'RabbitMQ closes the connection with 503; since 3.13, as Leveret, the channel with 406.',
  },
  {
    section: '§1',
    what: 'methods and classes that do not exist',
    reason: 'RabbitMQ drops the TCP connection without a word; Leveret says 503 first.',
  },
  {
    section: '§6',
    what: 'a second consumer on a queue, unless one of them is exclusive',
    reason: 'Which of two consumers gets a message is a matter of chance with SQS.',
  },
] as const

/** Both texts without the words of closes: codes, classes and methods stay. */
const withoutWords = (text: string): string =>
  text.replaceAll(/replyText: ('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`)/g, '')

const isSaying = (step: AmqpStep, name: MethodName, field: string): boolean =>
  step.kind === 'say' && step.name === name && step.fields[field] === true

export const knownAmqpDifferences: readonly KnownAmqpDifference[] = [
  {
    id: 'words-about-bytes',
    section: '§1',
    reason: 'RabbitMQ prints bytes that break the protocol as Erlang terms; Leveret says what is wrong with them.',
    explains: ({ kind }, reference, subject) =>
      kind === 'malformed' && withoutWords(reference) === withoutWords(subject),
  },
  {
    id: 'if-empty-counts-unacknowledged',
    section: '§5',
    reason: 'A queue whose messages a consumer holds is not empty to Leveret, so that none of them is lost with it.',
    explains: (step, reference, subject) =>
      isSaying(step, 'queue.delete', 'ifEmpty') && !reference.includes(' not empty') && subject.includes(' not empty'),
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
