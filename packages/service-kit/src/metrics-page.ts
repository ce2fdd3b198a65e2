export type Labels = Readonly<Record<string, string>>

const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** A page of metrics in the text format of Prometheus, version 0.0.4. */
export class MetricsPage {
  text = ''
  readonly #prefix: string
  readonly #labels: string

  /** @throws RangeError for a prefix or a label name that Prometheus does not take. */
  constructor(prefix: string, labels: Labels) {
    if (!NAME.test(prefix)) throw new RangeError(`prefix must be a metric name, got '${prefix}'`)
    for (const name of Object.keys(labels)) {
      if (!NAME.test(name)) throw new RangeError(`labels: '${name}' is no label name`)
    }
    this.#prefix = prefix
    this.#labels = pairs(labels)
  }

  head(name: string, type: 'counter' | 'gauge' | 'histogram', help: string): void {
    this.text += `# HELP ${this.#prefix}_${name} ${help}\n# TYPE ${this.#prefix}_${name} ${type}\n`
  }

  line(name: string, value: number, labels: Labels = {}): void {
    const all = [this.#labels, pairs(labels)].filter((text) => text !== '').join(',')
    this.text += `${this.#prefix}_${name}${all === '' ? '' : `{${all}}`} ${value}\n`
  }
}

function pairs(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
