import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A request as it goes over the wire, which no HTTP client would send as it is. */
export interface RawRequest {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface RawAnswer {
  readonly status: number
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

const DEADLINE_MS = 20_000
const HEAD_END = Buffer.from('\r\n\r\n')

/** A connection that is kept open and used by one request after the other; opened again where the server has closed it. */
export class RawConnection {
  readonly #port: number
  #socket: Socket | undefined

  constructor(port: number) {
    this.#port = port
  }

  /** Rejects where there is no answer, or none in time. */
  async send(request: RawRequest): Promise<RawAnswer> {
    const socket = await this.#open()
    const answered = receive(socket, request.method)
    socket.write(encode(request, this.#port))
    const answer = await answered
    if (answer.headers.get('connection') === 'close') this.close()
    return answer
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  async #open(): Promise<Socket> {
    if (this.#socket && !this.#socket.closed && !this.#socket.destroyed) return this.#socket
    const socket = connect(this.#port, '127.0.0.1').setNoDelay(true)
    await once(socket, 'connect')
    // Whoever waits for an answer hears of a failure by the close that follows it.
    socket.on('error', () => undefined)
    this.#socket = socket
    return socket
  }
}

function encode({ method, target, headers, body }: RawRequest, port: number): Buffer {
  const fields = { host: `127.0.0.1:${port}`, ...headers, ...(body && { 'content-length': String(body.length) }) }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`), body ?? Buffer.alloc(0)])
}

function receive(socket: Socket, method: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const settle = (outcome: RawAnswer | Error): void => {
      clearTimeout(timer)
      socket.off('data', onData).off('close', onClose)
      if (outcome instanceof Error) {
        socket.destroy()
        reject(outcome)
      } else resolve(outcome)
    }
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk])
      const answer = decode(received, method, false)
      if (answer) settle(answer)
    }
    const onClose = (): void =>
      settle(decode(received, method, true) ?? new Error('the connection closed without an answer'))
    const timer = setTimeout(() => settle(new Error(`no answer in ${DEADLINE_MS} ms`)), DEADLINE_MS)
    socket.on('data', onData).on('close', onClose)
  })
}

/** Undefined while there is more to come. Without a length the body lasts as long as the connection. */
function decode(received: Buffer, method: string, isEnded: boolean): RawAnswer | undefined {
  const headEnd = received.indexOf(HEAD_END)
  if (headEnd < 0) return undefined
  const [statusLine = '', ...lines] = received.toString('latin1', 0, headEnd).split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  const status = Number(statusLine.split(' ')[1])
  const rest = received.subarray(headEnd + HEAD_END.length)
  const isBodiless = method === 'HEAD' || status === 204 || status === 304
  const length = isBodiless ? 0 : Number(headers.get('content-length') ?? Number.POSITIVE_INFINITY)
  if (rest.length < length && !isEnded) return undefined
  return { status, headers, body: rest.toString('utf8', 0, Math.min(length, rest.length)) }
}
