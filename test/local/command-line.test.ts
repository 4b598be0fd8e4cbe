import { describe, expect, it } from 'vitest'
import { parseCommandLine, UsageError } from '../../lib/local/command-line.ts'

describe('a command line', () => {
  it('starts on RabbitMQ’s management port by default', () => {
    expect(parseCommandLine([])).toEqual({ action: 'start', port: 15_672, dataDir: '.leveret' })
  })

  it('sets port and data', () => {
    expect(parseCommandLine(['--port', '0', '--data=/x'])).toEqual({ action: 'start', port: 0, dataDir: '/x' })
  })

  it('asks for help, whatever else it says', () => {
    expect(parseCommandLine(['--port', '1', '-h'])).toEqual({ action: 'help' })
  })

  it.each([
    [['--prot', '1']],
    [['--port']],
    [['--port', '']],
    [['--port', '1e3']],
    [['--port', '65536']],
    [['--port=-1']],
    [['--data', '']],
    [['stray']],
  ])('%j is refused', (args) => {
    expect(() => parseCommandLine(args)).toThrow(UsageError)
  })
})
