import { runProgram } from './program.ts'
import { processTerminal } from './terminal.ts'

// A reader that has seen enough (`leveret export | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
try {
  process.exitCode = await runProgram(process.argv.slice(2), processTerminal)
} catch (error) {
  process.exitCode = 1
  processTerminal.tell(error instanceof Error ? (error.stack ?? error.message) : String(error))
}
process.exit()
