import { AMQP_PORT, AMQPS_PORT } from '../../config.ts'
import type { BrokerPlace } from '../amqp/find-broker.ts'
import type { TlsFiles } from '../amqp/run-amqp.ts'
import type { Command, CommandInput } from '../command.ts'
import { UsageError } from '../errors.ts'
import { parsePort } from '../port.ts'
import type { Terminal } from '../terminal.ts'

/** A sidecar: programs that speak AMQP reach a deployed broker, with the AWS credentials of who runs it. */
export const amqpCommand: Command = {
  name: 'amqp',
  summary: 'Speak AMQP 0-9-1 for a deployed broker, beside a program that does',
  operands: [],
  options: [
    { name: 'outputs', value: 'FILE', help: 'the broker, as `cdk deploy --outputs-file FILE` has written it' },
    { name: 'stack', value: 'NAME', help: 'which of the stacks in that file' },
    { name: 'table', value: 'TABLE', help: "in place of --outputs: the stack's output TopologyTable" },
    { name: 'messages-table', value: 'TABLE', help: 'with --table: MessagesTable' },
    { name: 'bucket', value: 'BUCKET', help: 'with --table: BlobsBucket' },
    { name: 'region', value: 'REGION', help: "the broker's, where the environment does not say it" },
    { name: 'host', value: 'ADDRESS', help: 'listen on this address (default 127.0.0.1 and ::1)' },
    {
      name: 'port',
      value: 'N',
      help: `listen on port N; 0 takes a free one (default ${AMQP_PORT}, with TLS ${AMQPS_PORT})`,
    },
    { name: 'tls-cert', value: 'FILE', help: 'TLS with this certificate and those that signed it, PEM' },
    { name: 'tls-key', value: 'FILE', help: 'and its key' },
    {
      name: 'tls-ca',
      value: 'FILE',
      help: 'clients may log in with a certificate that one of these signed (EXTERNAL)',
    },
  ],
  details: `Clients log in with name and password of a user of the broker, also where its HTTP API takes signed requests.

It talks to DynamoDB, SQS and S3 itself, with the credentials that the AWS SDK finds in its environment (AWS_PROFILE,
AWS_ENDPOINT_URL, …), and so can do all that the broker can. It needs what docs/security.md lists for the gateway, and
sqs:ListQueues to find the broker's queues. SIGTERM and Ctrl-C end it; what its clients have not acknowledged is given
back first.`,
  run: speakAmqp,
}

const LOOPBACK = ['127.0.0.1', '::1']

async function speakAmqp(input: CommandInput, terminal: Terminal): Promise<number> {
  const tls = tlsFiles(input)
  const port = input.optionalText('port')
  const host = input.optionalText('host')
  const options = {
    place: await placeOf(input),
    region: input.optionalText('region'),
    hosts: host === undefined ? LOOPBACK : [host],
    port: port === undefined ? (tls ? AMQPS_PORT : AMQP_PORT) : parsePort('port', port),
    tls,
  }
  const { runAmqp } = await import('../amqp/run-amqp.ts')
  return runAmqp(options, terminal)
}

function tlsFiles(input: CommandInput): TlsFiles | undefined {
  const [cert, key, ca] = ['tls-cert', 'tls-key', 'tls-ca'].map((option) => input.optionalText(option))
  if (cert === undefined && key === undefined && ca === undefined) return undefined
  if (cert !== undefined && key !== undefined) return { cert, key, ca }
  throw new UsageError(`--tls-${cert === undefined ? 'cert' : 'key'} is missing: TLS takes a certificate and its key`)
}

async function placeOf(input: CommandInput): Promise<BrokerPlace> {
  const [file, stack] = [input.optionalText('outputs'), input.optionalText('stack')]
  const [table, messagesTable, bucket] = ['table', 'messages-table', 'bucket'].map((name) => input.optionalText(name))
  if (file !== undefined) {
    const isDouble = table !== undefined || messagesTable !== undefined || bucket !== undefined
    if (isDouble) throw new UsageError('--outputs says which broker: leave out --table, --messages-table and --bucket')
    const { readOutputs } = await import('../amqp/outputs.ts')
    return readOutputs(file, stack)
  }
  if (stack !== undefined) throw new UsageError('--stack goes with --outputs')
  if (table === undefined) throw new UsageError('--outputs is missing, or --table, --messages-table and --bucket')
  return { topologyTable: table, messagesTable: input.text('messages-table'), bucket: input.text('bucket') }
}
