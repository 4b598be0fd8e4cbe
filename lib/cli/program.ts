import { PRODUCT_VERSION } from '../api/identity.ts'
import { StartError } from '../local/start-error.ts'
import { BrokerError } from '../model/errors.ts'
import { type Command, HELP, parseInput } from './command.ts'
import { COMMANDS } from './commands.ts'
import { CommandError, UsageError } from './errors.ts'
import { commandHelp, programHelp } from './help.ts'
import { nearest } from './nearest.ts'
import type { Terminal } from './terminal.ts'

/**
 * Runs one command line. Exit codes: 0 where all is well, 1 where the command failed or found something wrong, 2 for a
 * command line that is none. Throws only what is a defect.
 */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args
  if (name === '--version') return say(terminal, `${PRODUCT_VERSION}\n`)
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    await terminal.print(programHelp(COMMANDS))
    return name === undefined ? 2 : 0
  }
  const command = COMMANDS.find((candidate) => candidate.name === name)
  return command ? runCommand(command, rest, terminal) : refuse(terminal, unknownCommand(name), 'leveret --help')
}

async function runCommand(command: Command, args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const input = parseInput(command, args)
    if (input.has(HELP.name)) return await say(terminal, commandHelp(command))
    return await command.run(input, terminal)
  } catch (error) {
    if (error instanceof UsageError) return refuse(terminal, error.message, `leveret ${command.name} --help`)
    if (!isForPeople(error)) throw error
    terminal.tell(error.message)
    return 1
  }
}

const isForPeople = (error: unknown): error is Error =>
  error instanceof CommandError || error instanceof StartError || error instanceof BrokerError

async function say(terminal: Terminal, text: string): Promise<number> {
  await terminal.print(text)
  return 0
}

function refuse(terminal: Terminal, why: string, help: string): number {
  terminal.tell(`${why}\nSee: ${help}`)
  return 2
}

function unknownCommand(name: string): string {
  const meant = nearest(
    name,
    COMMANDS.map((command) => command.name),
  )
  return `There is no command '${name}'${meant === undefined ? '' : `. Is it '${meant}'?`}`
}
