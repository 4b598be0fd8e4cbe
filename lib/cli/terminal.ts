import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** What a command says, and to whom: results to standard output, everything about the work to standard error. */
export interface Terminal {
  /** Resolves once the text is handed over, so that nothing is lost when the process ends. */
  print(text: string): Promise<void>
  /** A line for the person who watches. */
  tell(line: string): void
  /** Asks for what must not be seen; undefined where nobody is there to be asked, or will not say. */
  askSecret(question: string): Promise<string | undefined>
}

export const processTerminal: Terminal = {
  print: (text) => write(process.stdout, text),
  tell: (line) => void process.stderr.write(`${line}\n`),
  async askSecret(question) {
    if (!process.stdin.isTTY) return undefined
    process.stderr.write(question)
    // What is typed is echoed to nowhere.
    const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
    const lines = createInterface({ input: process.stdin, output: silence, terminal: true })
    const stopped = new AbortController()
    lines.once('SIGINT', () => stopped.abort())
    try {
      return await lines.question('', { signal: stopped.signal })
    } catch (error) {
      if (stopped.signal.aborted) return undefined
      throw error
    } finally {
      lines.close()
      process.stderr.write('\n')
    }
  },
}

function write(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => stream.write(text, (error) => (error ? reject(error) : resolve())))
}
