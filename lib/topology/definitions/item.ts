import { tableFromJson } from '../../model/amqp-table.ts'
import { type AmqpTable, type AmqpValue, fieldOf, isTable } from '../../model/amqp-value.ts'
import { BrokerError, invalid } from '../../model/errors.ts'

/** An object of a definitions file, read field by field. Every error names the place and what belongs there. */
export class Item {
  /** Such as `queues[3]`. */
  readonly place: string
  readonly table: AmqpTable

  constructor(place: string, table: AmqpTable) {
    this.place = place
    this.table = table
  }

  field(name: string): AmqpValue | undefined {
    return fieldOf(this.table, name)
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#missing(name)
  }

  optionalText(name: string): string | undefined {
    const value = this.field(name)
    if (value === undefined || typeof value === 'string') return value
    throw invalid(`${this.place}.${name} must be a string`)
  }

  flag(name: string, fallback: boolean): boolean {
    return this.optionalFlag(name) ?? fallback
  }

  optionalFlag(name: string): boolean | undefined {
    const value = this.field(name)
    if (value === undefined) return undefined
    if (value === true || value === 'true') return true
    if (value === false || value === 'false') return false
    throw invalid(`${this.place}.${name} must be true or false`)
  }

  /** The AMQP table of a field; empty where it is left out. */
  arguments(name: string): AmqpTable {
    return this.within(() => tableFromJson(this.field(name) ?? {}, name))
  }

  value(name: string): AmqpValue {
    return this.field(name) ?? (Object.hasOwn(this.table, name) ? null : this.#missing(name))
  }

  /** An object in a field. */
  item(name: string): Item {
    return new Item(`${this.place}.${name}`, objectAt(`${this.place}.${name}`, this.value(name)))
  }

  /** Runs what knows nothing of files, so that its errors name the place as well. */
  within<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw error instanceof BrokerError ? invalid(`${this.place}: ${error.message}`) : error
    }
  }

  #missing(name: string): never {
    throw invalid(`${this.place}.${name} is missing`)
  }
}

/** The objects of one section; none where the file has no such section. */
export function itemsOf(file: AmqpTable, section: string): Item[] {
  const value = fieldOf(file, section)
  if (value === undefined) return []
  if (!Array.isArray(value)) throw invalid(`${section} must be an array`)
  return value.map((element, index) => {
    const place = `${section}[${index}]`
    return new Item(place, objectAt(place, element))
  })
}

function objectAt(place: string, value: AmqpValue): AmqpTable {
  if (isTable(value)) return value
  throw invalid(`${place} must be a JSON object`)
}
