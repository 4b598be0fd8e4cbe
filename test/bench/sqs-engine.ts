/** A program: the SQS engine on a port of its own, its store in the file that is named. Prints the port. */
import { startSqsServer } from '../../lib/local/sqs/server.ts'

const [file = ''] = process.argv.slice(2)
const { endpoint } = await startSqsServer({ file, onInternalError: (error) => console.error(error) })
console.log(new URL(endpoint).port)
