import { describe, expect, it } from 'vitest'
import { PRODUCT_VERSION } from '../../lib/api/identity.ts'
import { COMMANDS } from '../../lib/cli/commands.ts'
import { runProgram } from '../../lib/cli/program.ts'
import type { Terminal } from '../../lib/cli/terminal.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { runLeveret } from './spawn-leveret.ts'

/** A terminal with nobody at it. */
async function run(...args: string[]) {
  const heard = { printed: '', told: '' }
  const terminal: Terminal = {
    print: async (text) => {
      heard.printed += text
    },
    tell: (line) => {
      heard.told += `${line}\n`
    },
    askSecret: async () => undefined,
  }
  return { code: await runProgram(args, terminal), ...heard }
}

const { version } = packageJson
const NAMES = COMMANDS.map(({ name }) => name)

describe('leveret on the command line', () => {
  it.each(['--help', '-h', 'help'])('lists all commands for %s', async (word) => {
    const { code, printed } = await run(word)
    expect(code).toBe(0)
    for (const { name, summary } of COMMANDS) expect(printed).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'))
  })

  it('lists all commands, and fails, where none is named', async () => {
    expect(await run()).toMatchObject({ code: 2, printed: expect.stringContaining('import') })
  })

  it('prints its version, which is the package’s', async () => {
    expect(await run('--version')).toEqual({ code: 0, printed: `${version}\n`, told: '' })
    expect(PRODUCT_VERSION).toBe(version)
  })

  it.each(NAMES)('explains every option of %s', async (name) => {
    const { code, printed } = await run(name, '--help')
    expect(code).toBe(0)
    expect(printed).toContain(`Usage: leveret ${name}`)
    for (const option of COMMANDS.find((command) => command.name === name)?.options ?? []) {
      expect(printed).toMatch(new RegExp(`^  --${option.name}\\b.*   \\S`, 'm'))
    }
  })

  it.each([
    ['improt', 'import'],
    ['exp', 'export'],
    ['Start', 'start'],
    ['doktor', 'doctor'],
  ])('takes %s for %s, and does nothing', async (typed, meant) => {
    const { code, printed, told } = await run(typed)
    expect({ code, printed }).toEqual({ code: 2, printed: '' })
    expect(told).toBe(`There is no command '${typed}'. Is it '${meant}'?\nSee: leveret --help\n`)
  })

  it('suggests nothing for a word that is like none', async () => {
    expect((await run('rabbitmqctl')).told).toBe("There is no command 'rabbitmqctl'\nSee: leveret --help\n")
  })

  it.each([
    [['import'], /^FILE is missing\nSee: leveret import --help/],
    [['import', 'one', 'two'], /^'two' is one argument too many/],
    [['start', 'stray'], /^'stray' is one argument too many/],
    [['start', '--prot', '1'], /--prot.*\nSee: leveret start --help/s],
    [['start', '--port'], /--port/],
    [['start', '--port='], /^--port takes a value/],
    [['start', '--port', '1e3'], /^--port takes a number from 0 to 65535, not '1e3'/],
    [['start', '--port', '65536'], /^--port takes/],
    [['start', '--port=-1'], /^--port takes/],
    [['start', '--amqp-port', 'x'], /^--amqp-port takes a number from 0 to 65535, not 'x'/],
    [['start', '--data='], /^--data takes a value/],
    [['export', '--url', 'localhost:15672'], /^--url takes an address such as http/],
    [['export', '--url', 'http://guest:guest@127.0.0.1'], /^--url takes no user and password/],
    [['export', '--url', 'http://broker.example'], /^the password of 'guest' is missing: set LEVERET_PASSWORD/],
    [['export', '--user', 'someone'], /^the password of 'someone' is missing/],
    [['doctor'], /^--table is missing/],
    [['doctor', '--table', 't', '--yes'], /go with --fix/],
  ])('refuses %j with code 2', async (args, why) => {
    const { code, printed, told } = await run(...args)
    expect({ code, printed }).toEqual({ code: 2, printed: '' })
    expect(told).toMatch(why)
  })

  it('answers from a process as well, and ends with the code', async () => {
    expect(await runLeveret(['--version'])).toEqual({ code: 0, output: `${version}\n`, printed: `${version}\n` })
    expect(await runLeveret(['nothing'])).toMatchObject({ code: 2, printed: '' })
  })
})
