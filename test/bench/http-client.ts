import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Answered {
  readonly status: number
  readonly body: string
}

type Headers = Readonly<Record<string, string>>

const JSON_TYPE: Headers = { 'content-type': 'application/json' }
const END_OF_HEAD = '\r\n\r\n'

/**
 * One kept-alive connection that asks one thing at a time: it does little else, so that what is measured is the server.
 * A server may close it after an answer (RabbitMQ does after a thousand); then the next request opens another. Answers
 * must have a Content-Length, or no body.
 */
export class HttpConnection {
  readonly #url: URL
  readonly #head: string
  #socket: Socket | undefined
  #received: Buffer = Buffer.alloc(0)
  #waiting: PromiseWithResolvers<Answered> | undefined

  constructor(origin: string) {
    this.#url = new URL(origin)
    const authorization = Buffer.from('guest:guest').toString('base64')
    this.#head = `Host: ${this.#url.host}\r\nAuthorization: Basic ${authorization}\r\n`
  }

  /** `body` is JSON already. */
  async request(method: string, path: string, body = '', headers: Headers = JSON_TYPE): Promise<Answered> {
    this.#socket ??= await this.#connect()
    this.#waiting = Promise.withResolvers()
    const others = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = `${method} ${path} HTTP/1.1\r\n${this.#head}${others.join('')}`
    this.#socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}${END_OF_HEAD}${body}`)
    return this.#waiting.promise
  }

  /** Throws for an answer that is not a success. A body that is a text is JSON already. */
  async call(method: string, path: string, body?: string | object): Promise<string> {
    const answered = await this.request(method, path, typeof body === 'object' ? JSON.stringify(body) : body)
    if (answered.status < 300) return answered.body
    throw new Error(`${method} ${path}: ${answered.status} ${answered.body}`)
  }

  close(): void {
    this.#socket?.destroy()
  }

  async #connect(): Promise<Socket> {
    const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port), noDelay: true })
    await once(socket, 'connect')
    this.#received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.#socket === socket && this.#waiting?.reject(error))
    socket.on('close', () => {
      // The server may end one that has been replaced already.
      if (this.#socket !== socket) return
      this.#socket = undefined
      this.#waiting?.reject(new Error(`${this.#url.host} closed the connection`))
    })
    return socket
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const end = this.#received.indexOf(END_OF_HEAD)
    if (end < 0) return
    const head = this.#received.toString('latin1', 0, end)
    const bodyBytes = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    const start = end + END_OF_HEAD.length
    if (this.#received.length < start + bodyBytes) return
    const body = this.#received.toString('utf8', start, start + bodyBytes)
    this.#received = this.#received.subarray(start + bodyBytes)
    if (/\r\nconnection: *close/i.test(head)) this.#socket = undefined
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve({ status: Number(head.slice(9, 12)), body })
  }
}
