import { type Command, HELP, type Operand, type Option } from './command.ts'

/** The help of the program: what it is, and its commands. */
export const programHelp = (commands: readonly Command[]): string => `Leveret: RabbitMQ's model with no servers.

Usage: leveret COMMAND [options]

${table(commands.map(({ name, summary }) => [name, summary]))}

  leveret COMMAND --help   says more of a command
  leveret --version        prints the version
`

/** The help of one command. */
export const commandHelp = ({ name, summary, details, operands, options }: Command): string =>
  `${[
    `${summary}.`,
    `Usage: ${['leveret', name, ...operands.map(operandText), '[options]'].join(' ')}`,
    table([...options, HELP].map((option) => [optionText(option), helpText(option)])),
    ...(details === undefined ? [] : [details]),
  ].join('\n\n')}\n`

const operandText = ({ name, isRequired }: Operand): string => (isRequired ? name : `[${name}]`)

const optionText = ({ name, value }: Option): string => (value === undefined ? `--${name}` : `--${name} ${value}`)

const helpText = ({ help, default: fallback }: Option): string =>
  fallback === undefined ? help : `${help} (default ${fallback})`

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`).join('\n')
}
