import type { SqsContext } from '../context.ts'
import { invalidValueFor } from '../errors.ts'
import { allowsRedriveFrom, type QueueAttributes, settingsOf } from '../queue-attributes.ts'

/** @throws InvalidParameterValue if the dead-letter queue is missing, of the other type, or denies this source. */
export function assertRedriveTarget(context: SqsContext, sourceArn: string, attributes: QueueAttributes): void {
  const { redrive, isFifo } = settingsOf(attributes)
  if (redrive === undefined) return
  const refuse = (reason: string): Error => invalidValueFor('RedrivePolicy', attributes.RedrivePolicy ?? '', reason)
  const target = context.queues.findByArn(redrive.deadLetterTargetArn)
  if (target === undefined) throw refuse('Dead letter target does not exist.')
  if (target.settings.isFifo !== isFifo) throw refuse('Dead-letter queue must be same type of queue as the source.')
  if (!allowsRedriveFrom(target.attributes, sourceArn)) {
    throw refuse(`Queue ${target.arn} does not allow ${sourceArn} to use it as its dead-letter queue.`)
  }
}
