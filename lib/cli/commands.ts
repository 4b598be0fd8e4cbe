import type { Command } from './command.ts'
import { amqpCommand } from './commands/amqp.ts'
import { deadLettersCommand } from './commands/dead-letters.ts'
import { doctorCommand } from './commands/doctor.ts'
import { exportCommand } from './commands/export.ts'
import { importCommand } from './commands/import.ts'
import { replayFailedCommand } from './commands/replay-failed.ts'
import { restoreCommand } from './commands/restore.ts'
import { startCommand } from './commands/start.ts'

/** All that `leveret` can do, in the order in which help shows it. */
export const COMMANDS: readonly Command[] = [
  startCommand,
  amqpCommand,
  importCommand,
  exportCommand,
  deadLettersCommand,
  doctorCommand,
  replayFailedCommand,
  restoreCommand,
]
