import { Typed } from '../model/amqp-value.ts'

/** Clients expect a rate beside every count. None is measured: CloudWatch has them (contract §7). Prints as `0.0`. */
export const NO_RATE = { rate: new Typed('double', 0) }

/** A count with its `_details`. */
export const withRate = (name: string, count: number): Record<string, unknown> => ({
  [name]: count,
  [`${name}_details`]: NO_RATE,
})
