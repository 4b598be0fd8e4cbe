import { readFile } from 'node:fs/promises'
import type { TlsSettings } from '../../amqp/listen.ts'
import { explainPort } from '../../local/port-error.ts'
import { messageOf, StartError } from '../../local/start-error.ts'
import { BrokerError } from '../../model/errors.ts'
import { CommandError, UsageError } from '../errors.ts'
import { stopSignal } from '../stop-signal.ts'
import type { Terminal } from '../terminal.ts'
import { type BrokerPlace, findBroker } from './find-broker.ts'
import { type Service, startService } from './service.ts'

/** Files in PEM. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
  /** Of those who sign the certificates of clients. */
  readonly ca: string | undefined
}

export interface AmqpOptions {
  readonly place: BrokerPlace
  /** Undefined leaves it to the AWS SDK. */
  readonly region: string | undefined
  readonly hosts: readonly string[]
  readonly port: number
  readonly tls: TlsFiles | undefined
}

/** Speaks AMQP for a deployed broker until the process is asked to stop. Exit code 0 then. */
export async function runAmqp(options: AmqpOptions, terminal: Terminal): Promise<number> {
  const stopRequested = stopSignal()
  const tls = options.tls && (await readTls(options.tls))
  const { namePrefix, service } = await start(options, tls)
  warn(options, terminal)
  await terminal.print(greeting(options, service, namePrefix))
  await stopRequested
  await service.stop()
  return 0
}

async function readTls({ cert, key, ca }: TlsFiles): Promise<TlsSettings> {
  const read = async (option: string, file: string): Promise<Buffer> => {
    try {
      return await readFile(file)
    } catch (error) {
      throw new UsageError(`--${option} cannot be read: ${messageOf(error)}`)
    }
  }
  return {
    cert: await read('tls-cert', cert),
    key: await read('tls-key', key),
    ...(ca !== undefined && { ca: await read('tls-ca', ca) }),
  }
}

async function start({ place, region, hosts, port }: AmqpOptions, tls: TlsSettings | undefined) {
  try {
    const config = await findBroker(place, { ...(region !== undefined && { region }) })
    const service = await startService(config, { hosts, ...(tls ? { tls: { ...tls, port } } : { port }) })
    return { namePrefix: config.namePrefix, service }
  } catch (error) {
    return fail(place, explainPort(error, port, 'port'))
  }
}

/** Whatever it is, whoever started this has to do something about it. */
function fail({ topologyTable }: BrokerPlace, error: unknown): never {
  if (error instanceof CommandError || error instanceof StartError || error instanceof BrokerError) throw error
  throw new CommandError(
    `the broker of table ${topologyTable} could not be used: ${messageOf(error)}\n` +
      'Are the region (--region) and the AWS credentials (AWS_PROFILE, …) those of its account, and do they allow what\n' +
      '`leveret amqp --help` lists?',
  )
}

const isLoopback = (host: string): boolean => /^(?:127\.|::1$|localhost$)/.test(host)

function warn({ hosts, tls }: AmqpOptions, terminal: Terminal): void {
  if (tls !== undefined || hosts.every(isLoopback)) return
  terminal.tell('Passwords and messages go over the network as they are: --tls-cert and --tls-key encrypt them.')
}

function greeting({ hosts, tls }: AmqpOptions, { port, tlsPort }: Service, namePrefix: string): string {
  const host = hosts.every(isLoopback) ? 'localhost' : hosts.join(', ')
  return `Broker ${namePrefix} speaks AMQP 0-9-1: ${tls ? 'amqps' : 'amqp'}://${host}:${tlsPort ?? port}
Clients log in with name and password of a user of the broker. Stop with Ctrl-C.
`
}
