import { startSqsServer } from '../../../lib/local/sqs/server.ts'

/** A server in a process of its own, for tests that kill it: the file is the first argument. */
const server = await startSqsServer({ file: process.argv[2] ?? '' })
process.send?.(server.endpoint)
