/**
 * A number of a JSON text with its digits kept. To a broker `1` is an integer and `1.0` a double, and an integer may
 * exceed 2^53: both facts are lost in a JavaScript number.
 */
export class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

export type Json = null | boolean | string | NumberText | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json
}

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown

/** Parses JSON, keeping every number as its text. Throws a SyntaxError on malformed input. */
export function parseJson(text: string): Json {
  const reviver: Reviver = (_key, value, context) =>
    typeof value === 'number' ? new NumberText(context.source ?? String(value)) : value
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown) as Json
}

/** Writes JSON with numbers exactly as their text says. */
export function stringifyJson(value: Json): string {
  return write(value, Object.keys, (text) => text)
}

/**
 * Writes JSON so that equal values have equal texts: keys sorted, integers in plain decimals, doubles in the shortest
 * form that still shows they are doubles (`1.0`, never `1`). An integer and a double are never equal here.
 */
export function canonicalJson(value: Json): string {
  return write(value, (object) => Object.keys(object).sort(), canonicalNumber)
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)
}

/** The object's fields named in `keys`, those that are absent left out. */
export function pickFields(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.flatMap((key) => (object[key] === undefined ? [] : [[key, object[key]]])))
}

/** The items of a JSON array that are objects; anything else has none. */
export function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function write(value: Json, keysOf: (object: JsonObject) => string[], number: (text: string) => string): string {
  if (value instanceof NumberText) return number(value.text)
  if (Array.isArray(value)) return `[${value.map((item) => write(item, keysOf, number)).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const fields = keysOf(value).flatMap((key) => {
    const field = value[key]
    return field === undefined ? [] : [`${JSON.stringify(key)}:${write(field, keysOf, number)}`]
  })
  return `{${fields.join(',')}}`
}

function canonicalNumber(text: string): string {
  if (/^-?\d+$/.test(text)) return BigInt(text).toString()
  const shortest = String(Number(text))
  return /^-?\d+$/.test(shortest) ? `${shortest}.0` : shortest
}
