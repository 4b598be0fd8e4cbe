import { type AmqpTable, type AmqpValue, canonicalText } from '../model/amqp-value.ts'

export const MATCH_MODE_ARGUMENT = 'x-match'

const MATCH_MODES = ['all', 'any', 'all-with-x', 'any-with-x'] as const
type MatchMode = (typeof MATCH_MODES)[number]

export const isMatchMode = (value: AmqpValue): value is MatchMode => MATCH_MODES.some((mode) => mode === value)

/** What one argument of a binding asks of a message: the header equals the value, or, where that is void, is present. */
export interface Criterion {
  readonly header: string
  /** The {@link canonicalText} of the value, or undefined for void. */
  readonly value: string | undefined
}

export interface HeaderCriteria {
  /** Whether all criteria must hold, or any of them. All of none always hold, any of none never. */
  readonly quantifier: 'all' | 'any'
  readonly criteria: readonly Criterion[]
}

/** Reads the arguments of a binding of a headers exchange, whose `x-match` has been checked (contract §3.4). */
export function parseHeaderCriteria(args: AmqpTable): HeaderCriteria {
  const mode = args[MATCH_MODE_ARGUMENT] ?? 'all'
  const ignoresX = mode === 'all' || mode === 'any'
  const criteria = Object.entries(args)
    .filter(([header]) => header !== MATCH_MODE_ARGUMENT && !(ignoresX && header.startsWith('x-')))
    .map(([header, value]) => ({ header, value: value === null ? undefined : canonicalText(value) }))
  return { quantifier: mode === 'any' || mode === 'any-with-x' ? 'any' : 'all', criteria }
}

/** The headers of one message as criteria see them: each value becomes a text when it is first asked for, and once. */
export class HeaderTexts {
  private readonly headers: AmqpTable
  private readonly texts = new Map<string, string>()

  constructor(headers: AmqpTable) {
    this.headers = headers
  }

  /** The {@link canonicalText} of the header, or undefined where there is none. */
  get(header: string): string | undefined {
    const known = this.texts.get(header)
    if (known !== undefined) return known
    const value = Object.hasOwn(this.headers, header) ? this.headers[header] : undefined
    if (value === undefined) return undefined
    const text = canonicalText(value)
    this.texts.set(header, text)
    return text
  }

  meets({ header, value }: Criterion): boolean {
    const text = this.get(header)
    return text !== undefined && (value === undefined || text === value)
  }
}
