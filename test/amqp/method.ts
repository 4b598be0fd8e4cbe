import { METHODS, type MethodName, type MethodNamed } from '../../lib/amqp/protocol/methods.ts'

/** The fields of a method; what is left out is zero, false or empty. */
export type Fields<Name extends MethodName> = Partial<Omit<MethodNamed<Name>, 'name'>>

const ZEROS = {
  bit: false,
  octet: 0,
  short: 0,
  long: 0,
  longlong: 0,
  shortstr: '',
  longstr: '',
  bytes: new Uint8Array(0),
  table: {},
} as const

/** A method of which only what matters is said: `methodOf('queue.declare', { queue: 'q' })`. */
export function methodOf<Name extends MethodName>(name: Name, fields: Fields<Name> = {}): MethodNamed<Name> {
  const shown = Object.entries(METHODS[name][2]).filter(([field]) => !field.startsWith('_'))
  const zeros = shown.map(([field, type]) => [field, ZEROS[type as keyof typeof ZEROS]])
  return { name, ...Object.fromEntries(zeros), ...fields } as MethodNamed<Name>
}
