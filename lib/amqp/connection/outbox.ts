import type { Socket } from 'node:net'

/** What the client has not taken yet at most, bytes; beyond it its consumers are given nothing more. */
const MAX_UNTAKEN_BYTES = 1_048_576

/** What goes to a client: all that is written in one turn goes out in one piece. */
export class Outbox {
  readonly #socket: Socket
  #isCorked = false
  #isEnded = false
  /** When something was written last, by `performance.now()`. */
  writtenAtMs = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get isWritable(): boolean {
    return !this.#isEnded && !this.#socket.destroyed && this.#socket.writableLength < MAX_UNTAKEN_BYTES
  }

  write(...buffers: readonly Uint8Array[]): void {
    if (this.#isEnded || this.#socket.destroyed) return
    this.writtenAtMs = performance.now()
    this.#cork()
    for (const buffer of buffers) this.#socket.write(buffer)
  }

  /** Nothing more is written; the transport ends when everything has gone. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#socket.end()
  }

  #cork(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    this.#socket.cork()
    setImmediate(() => {
      this.#isCorked = false
      this.#socket.uncork()
    })
  }
}
