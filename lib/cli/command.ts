import { parseArgs } from 'node:util'
import { messageOf } from '../local/start-error.ts'
import { UsageError } from './errors.ts'
import type { Terminal } from './terminal.ts'

/** An option of a command, as it is parsed and as help shows it. */
export interface Option {
  readonly name: string
  readonly short?: string
  /** The word for its value in help; a flag has none. */
  readonly value?: string
  readonly default?: string
  readonly help: string
}

export interface Operand {
  readonly name: string
  readonly isRequired: boolean
}

export interface Command {
  readonly name: string
  readonly summary: string
  /** Further paragraphs of its help. */
  readonly details?: string
  readonly operands: readonly Operand[]
  readonly options: readonly Option[]
  /** Answers the exit code. Throws `UsageError`, `CommandError` and `StartError`, whose messages are for people. */
  run(input: CommandInput, terminal: Terminal): Promise<number>
}

/** Every command has it. */
export const HELP: Option = { name: 'help', short: 'h', help: 'print this' }

/** What was typed after a command's name. */
export class CommandInput {
  readonly #values: Readonly<Record<string, string | boolean | undefined>>
  readonly #operands: readonly string[]

  constructor(values: Readonly<Record<string, string | boolean | undefined>>, operands: readonly string[]) {
    this.#values = values
    this.#operands = operands
  }

  has(flag: string): boolean {
    return this.#values[flag] === true
  }

  /** Undefined where the option was left out and has no default. Throws `UsageError` for an empty value. */
  optionalText(option: string): string | undefined {
    const value = this.#values[option]
    if (value === '') throw new UsageError(`--${option} takes a value`)
    return typeof value === 'string' ? value : undefined
  }

  text(option: string): string {
    const value = this.optionalText(option)
    if (value !== undefined) return value
    throw new UsageError(`--${option} is missing`)
  }

  operand(index: number): string | undefined {
    return this.#operands[index]
  }
}

/** Throws `UsageError` for options that the command has not, and for too few or too many operands. */
export function parseInput({ options, operands }: Command, args: readonly string[]): CommandInput {
  const { values, positionals } = parse([HELP, ...options], args)
  const input = new CommandInput(values, positionals)
  if (input.has(HELP.name)) return input
  const missing = operands.find(({ isRequired }, index) => isRequired && positionals[index] === undefined)
  if (missing) throw new UsageError(`${missing.name} is missing`)
  const stray = positionals[operands.length]
  if (stray !== undefined) throw new UsageError(`'${stray}' is one argument too many`)
  return input
}

function parse(options: readonly Option[], args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: Object.fromEntries(options.map((option) => [option.name, parsed(option)])),
    })
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
}

/** An option in the words of `parseArgs`. */
const parsed = ({ short, value, default: fallback }: Option) =>
  ({
    type: value === undefined ? 'boolean' : 'string',
    ...(short !== undefined && { short }),
    ...(fallback !== undefined && { default: fallback }),
  }) as const
