import { Token } from 'aws-cdk-lib'

/** What synthesis fails with for a prop that cannot be used: its name, its value, and what to write. */
export const refusal = (prop: string, value: unknown, fix: string): Error =>
  new Error(`Leveret cannot be made: ${prop} is ${JSON.stringify(value)}; ${fix}`)

/** Whether the value can be looked at: it is there, and not known only at deployment. */
export const isKnown = <T>(value: T | undefined): value is T => value !== undefined && !Token.isUnresolved(value)

export const isWhole = (value: number, min: number, max: number): boolean =>
  Number.isInteger(value) && value >= min && value <= max
