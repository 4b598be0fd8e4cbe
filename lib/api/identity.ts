import type { ExporterIdentity } from '../topology/definitions/export.ts'

/** The release of RabbitMQ whose API this is: clients choose what they send by it (contract §6). */
export const RABBITMQ_VERSION = '3.13.7'

export const PRODUCT_NAME = 'Leveret'
export const PRODUCT_VERSION = '0.1.0'

/** Clients expect a node. There is none; this is the name of the whole. */
export const NODE_NAME = 'rabbit@leveret'

/** How files of definitions name their maker (contract §4.1). */
export const EXPORTER: ExporterIdentity = {
  rabbitmqVersion: RABBITMQ_VERSION,
  productName: PRODUCT_NAME,
  productVersion: PRODUCT_VERSION,
}
