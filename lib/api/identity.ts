/** The release of RabbitMQ whose API this is: clients choose what they send by it (contract §6). */
export const RABBITMQ_VERSION = '3.13.7'

export const PRODUCT_NAME = 'Leveret'
export const PRODUCT_VERSION = '0.1.0'

/** Clients expect a node. There is none; this is the name of the whole. */
export const NODE_NAME = 'rabbit@leveret'
