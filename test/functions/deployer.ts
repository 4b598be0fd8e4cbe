import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { createHandler } from '../../functions/bootstrap.ts'
import type { Config } from '../../lib/config.ts'

export const ADMINISTRATOR_SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:administrator'

type Handler = ReturnType<typeof createHandler>
type Properties = Parameters<Handler>[0]['ResourceProperties']

export interface Deployment {
  readonly type: 'Create' | 'Update' | 'Delete'
  readonly resource?: 'Custom::LeveretBootstrap' | 'Custom::LeveretDefinitions'
  readonly properties?: Omit<Properties, 'ServiceToken'>
  readonly former?: Omit<Properties, 'ServiceToken'>
}

/** Secrets Manager, which answers every call with one secret or fails, and CloudFormation, which takes answers. */
export class Deployer {
  /** Undefined: reading it is refused. */
  secret: string | undefined = JSON.stringify({ username: 'admin', password: 'from the secret' })
  secretReads = 0
  readonly answers: Record<string, unknown>[] = []
  readonly #server: Server
  #url = ''

  constructor() {
    this.#server = createServer(async (request, response) => {
      const body = await bodyOf(request)
      if (request.method === 'PUT') this.answers.push(JSON.parse(body))
      else this.secretReads += 1
      const isRefused = request.method === 'POST' && this.secret === undefined
      response.writeHead(isRefused ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' })
      response.end(JSON.stringify(isRefused ? { __type: 'AccessDeniedException' } : { SecretString: this.secret }))
    })
  }

  /** What a broker has to be configured with to be deployed by it. */
  async start(): Promise<Partial<Config>> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return {
      administratorSecret: ADMINISTRATOR_SECRET,
      aws: {
        region: 'us-east-1',
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
        endpoints: { secretsmanager: this.#url },
      },
    }
  }

  /** Calls the handler as CloudFormation does; what it answered. */
  async send(handler: Handler, { type, resource, properties = {}, former = {} }: Deployment) {
    await handler({
      RequestType: type,
      ServiceToken: 'arn',
      ResponseURL: `${this.#url}/answer?signature=s`,
      StackId: 'stack',
      RequestId: 'request',
      LogicalResourceId: 'SetUp',
      PhysicalResourceId: 'leveret',
      ResourceType: resource ?? 'Custom::LeveretBootstrap',
      ResourceProperties: { ServiceToken: 'arn', ...properties },
      OldResourceProperties: former,
    })
    return this.answers.at(-1)
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
