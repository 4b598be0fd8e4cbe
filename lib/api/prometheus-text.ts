/** Prometheus's text format (Prometheus documentation, "Exposition formats"). */

/** One series of a metric. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number]

/** What goes up and down. */
export const gauge = (name: string, help: string, samples: readonly Sample[]): string =>
  metric('gauge', name, help, samples)

/** What grows only. */
export const counter = (name: string, help: string, samples: readonly Sample[]): string =>
  metric('counter', name, help, samples)

function metric(type: 'gauge' | 'counter', name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`)
  return `# TYPE ${name} ${type}\n# HELP ${name} ${help}\n${lines.join('')}`
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escapeLabel = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
