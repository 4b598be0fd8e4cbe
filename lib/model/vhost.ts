/** Limits of a vhost (contract §1.5); a negative number means none. */
export type VhostLimits = Readonly<Partial<Record<VhostLimitName, number>>>
export type VhostLimitName = 'max-queues' | 'max-connections'
export const VHOST_LIMIT_NAMES: readonly VhostLimitName[] = ['max-connections', 'max-queues']

/** A vhost (contract §1.2). Its id names its journal; a re-created name has another id and inherits nothing. */
export interface Vhost {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly tags: readonly string[]
  /** As declared: `undefined` where the client said nothing, or RabbitMQ's `undefined`. */
  readonly defaultQueueType: string
  readonly tracing: boolean
  readonly protectedFromDeletion: boolean
  readonly limits: VhostLimits
}

/** What RabbitMQ shows for a vhost without a default queue type. */
export const NO_DEFAULT_QUEUE_TYPE = 'undefined'
