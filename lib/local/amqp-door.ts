import { type RunningGateway, startGateway } from '../amqp/gateway.ts'
import type { Broker } from '../broker/broker.ts'
import { reapGateways } from '../broker/reap-gateways.ts'
import { explainPort, isTaken } from './port-error.ts'

/** Where AMQP is to be spoken, on both loopback addresses. */
export interface AmqpDoorOptions {
  /** 0 takes a free one. */
  readonly port: number
  /** What becomes of the start where somebody else has the port: a newcomer who named none can do without AMQP. */
  readonly ifTaken: 'fail' | 'do-without'
}

/** Whether nobody else can speak AMQP for the broker: gateways that are said to live have been killed. */
export interface AmqpDoor extends AmqpDoorOptions {
  readonly isAlone: boolean
}

/**
 * Speaks AMQP for a broker; undefined where it has to be done without.
 * @throws StartError where the port cannot be had
 */
export async function openAmqpDoor(
  broker: Broker,
  { port, ifTaken, isAlone }: AmqpDoor,
): Promise<RunningGateway | undefined> {
  if (isAlone) await reapGateways(broker, { evenLive: true })
  try {
    return await startGateway({ broker, port })
  } catch (error) {
    if (ifTaken === 'do-without' && isTaken(error)) return undefined
    throw explainPort(error, port, 'amqp-port')
  }
}
