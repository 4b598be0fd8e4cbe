import type { Socket } from 'node:net'
import type { BodyFrame, Frame, HeaderFrame, MethodFrame } from '../protocol/frame.ts'
import { FrameReader } from '../protocol/frame-reader.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { PROTOCOL_HEADER, readProtocolHeader } from '../protocol/protocol-header.ts'
import { type Held, Intake } from './intake.ts'
import type { ConnectionInput } from './machine.ts'

export interface InletOptions {
  readonly held: Held
  /** What concerns the connection itself. */
  readonly onInput: (input: ConnectionInput) => void
  /** Frames of channels, in order. */
  readonly onChannelFrame: (frame: MethodFrame | HeaderFrame | BodyFrame) => void
  readonly onReceived: () => void
  readonly onBlocked: (isBlocked: boolean) => void
}

const NO_BYTES = Buffer.alloc(0)

/** What comes from a client: the header, then frames, no faster than they are dealt with. */
export class Inlet {
  readonly #options: InletOptions
  readonly #reader = new FrameReader()
  readonly #intake: Intake
  #header: Buffer | undefined = NO_BYTES
  #isStopped = false
  #dealt: PromiseWithResolvers<void> | undefined

  constructor(socket: Socket, options: InletOptions) {
    this.#options = options
    this.#intake = new Intake({
      held: options.held,
      pause: () => socket.pause(),
      // Frames that were read already come first.
      resume: () => setImmediate(() => this.#goOn(socket)),
      onBlocked: options.onBlocked,
    })
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
  }

  get isPaused(): boolean {
    return this.#intake.isPaused
  }

  set frameMax(bytes: number) {
    this.#reader.frameMax = bytes
  }

  hold(bytes: number): void {
    this.#intake.hold(bytes)
  }

  stop(): void {
    this.#isStopped = true
    this.#intake.stop()
    this.#dealt?.resolve()
  }

  /** Resolves when all frames that were read are dealt with. */
  async dealt(): Promise<void> {
    if (this.#isStopped || !this.isPaused) return
    this.#dealt ??= Promise.withResolvers()
    await this.#dealt.promise
  }

  #goOn(socket: Socket): void {
    if (!this.#deal()) return
    this.#dealt?.resolve()
    socket.resume()
  }

  #receive(chunk: Buffer): void {
    if (this.#isStopped) return
    this.#options.onReceived()
    const bytes = this.#header === undefined ? chunk : this.#receiveHeader(Buffer.concat([this.#header, chunk]))
    if (bytes === undefined) return
    this.#reader.push(bytes)
    this.#deal()
  }

  /** What follows the header, once it is there. */
  #receiveHeader(bytes: Buffer): Buffer | undefined {
    const header = readProtocolHeader(bytes)
    this.#header = bytes
    if (header === 'incomplete') return undefined
    this.#header = undefined
    if (header === 'other') this.stop()
    this.#options.onInput({ type: 'header', header })
    return header === 'other' ? undefined : bytes.subarray(PROTOCOL_HEADER.length)
  }

  /** Deals with frames until there is none, or until nothing more is taken; whether the former. */
  #deal(): boolean {
    while (!this.#isStopped && !this.#intake.isPaused) {
      const frame = this.#next()
      if (frame === undefined) return !this.#isStopped
      if (frame.type === 'heartbeat') continue
      if (frame.channel !== 0) this.#options.onChannelFrame(frame)
      else if (frame.type === 'method') this.#options.onInput({ type: 'method', method: frame.method })
      else this.#options.onInput({ type: 'content' })
    }
    return false
  }

  #next(): Frame | undefined {
    try {
      return this.#reader.next()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      if (error.isFatal) this.stop()
      this.#options.onInput({ type: 'fail', error })
      return error.isFatal ? undefined : this.#next()
    }
  }
}
