import type { Broker, Call } from './broker.ts'
import type { Pair } from './pair.ts'

/** Two brokers answered differently. The message holds all it takes to see it again by hand. */
export class Divergence extends Error {
  constructor(what: string, reference: string, subject: string, repro: string) {
    super(`${what}\n  RabbitMQ: ${reference}\n  Leveret:  ${subject}\n\nRepro:\n${repro}`)
    this.name = 'Divergence'
  }
}

/** The calls as a shell script that replays them, in order, against both sides. */
export function printRepro(pair: Pair, calls: readonly Call[]): string {
  const lines = calls.map((call) => `  ${curlOf(call, pair.reference)}`)
  return [`for B in ${pair.reference.origin} ${pair.subject.origin}; do`, ...lines, 'done'].join('\n')
}

function curlOf(call: Call, broker: Broker): string {
  const { name, password } = call.user ?? broker.administrator
  const parts = ['curl', '-sS', '-w', quote(' [%{http_code}]\\n'), '--path-as-is']
  parts.push('-u', quote(`${name}:${password}`), '-X', call.method)
  if (call.body !== undefined) {
    parts.push(
      '-H',
      quote(`content-type: ${call.contentType ?? 'application/json'}`),
      '--data-binary',
      quote(call.body),
    )
  }
  parts.push(`"$B"${quote(`/api${call.path}`)}`)
  return parts.join(' ')
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
