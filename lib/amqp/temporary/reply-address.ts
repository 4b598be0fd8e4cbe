/** The pseudo-queue whose consumer receives replies without a queue (contract §7). */
export const REPLY_TO = 'amq.rabbitmq.reply-to'

export const isReplyTo = (name: string): boolean => name === REPLY_TO

/** Of a consumer of {@link REPLY_TO}. */
export const isReplyAddress = (name: string): boolean => name.startsWith(`${REPLY_TO}.`)
