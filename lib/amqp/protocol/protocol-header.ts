/** `AMQP` 0 0 9 1: what a client sends first, and what it is answered where it sent something else. */
export const PROTOCOL_HEADER: Buffer = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1')

/** RabbitMQ takes it for the same. */
const PROTOCOL_HEADER_OF_0_9: Buffer = Buffer.from('AMQP\x01\x01\x00\x09', 'latin1')

/**
 * Judges the first bytes of a connection (amqp-contract §1). Where it is `amqp`, frames begin after
 * `PROTOCOL_HEADER.length` octets; `other` is another protocol; `incomplete` needs more bytes.
 */
export function readProtocolHeader(bytes: Uint8Array): 'incomplete' | 'amqp' | 'other' {
  if (bytes.length < PROTOCOL_HEADER.length) return 'incomplete'
  const header = bytes.subarray(0, PROTOCOL_HEADER.length)
  return PROTOCOL_HEADER.equals(header) || PROTOCOL_HEADER_OF_0_9.equals(header) ? 'amqp' : 'other'
}
