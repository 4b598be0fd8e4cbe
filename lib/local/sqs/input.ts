import { invalidValueFor, missingParameter, serializationError } from './errors.ts'

/** A request or a part of one as it came off the wire: nothing about its members is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The member's value; absent and `null` are the same in the AWS JSON protocol. Inherited names are not members. */
function readMember(input: JsonObject, name: string): unknown {
  return Object.hasOwn(input, name) ? (input[name] ?? undefined) : undefined
}

export function readString(input: JsonObject, name: string): string | undefined {
  const value = readMember(input, name)
  if (value === undefined || typeof value === 'string') return value
  throw serializationError(`${name} must be a string.`)
}

/** @throws MissingParameter if the member is absent or empty. */
export function requireString(input: JsonObject, name: string): string {
  const value = readString(input, name)
  if (value === undefined || value === '') throw missingParameter(name)
  return value
}

/** @throws InvalidParameterValue outside `min` to `max`, both inclusive. */
export function readInteger(input: JsonObject, name: string, min: number, max: number): number | undefined {
  const value = readMember(input, name)
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value)) throw serializationError(`${name} must be an integer.`)
  if (value < min || value > max) {
    throw invalidValueFor(name, value, `Must be between ${min} and ${max}, if provided.`)
  }
  return value
}

export function requireInteger(input: JsonObject, name: string, min: number, max: number): number {
  const value = readInteger(input, name, min, max)
  if (value === undefined) throw missingParameter(name)
  return value
}

function readList(input: JsonObject, name: string): readonly unknown[] {
  const value = readMember(input, name) ?? []
  if (!Array.isArray(value)) throw serializationError(`${name} must be a list.`)
  return value
}

export function readStringList(input: JsonObject, name: string): string[] {
  return readList(input, name).map((value) => {
    if (typeof value !== 'string') throw serializationError(`${name} must be a list of strings.`)
    return value
  })
}

export function readObjectList(input: JsonObject, name: string): JsonObject[] {
  return readList(input, name).map((value) => {
    if (!isJsonObject(value)) throw serializationError(`${name} must be a list of structures.`)
    return value
  })
}

/** The members of a map whose values are strings. */
export function readStringMap(input: JsonObject, name: string): Map<string, string> {
  const entries = new Map<string, string>()
  for (const [key, value] of readMap(input, name)) {
    if (typeof value !== 'string') throw serializationError(`${name} must be a map of strings.`)
    entries.set(key, value)
  }
  return entries
}

/** The members of a map whose values are structures. */
export function readObjectMap(input: JsonObject, name: string): Map<string, JsonObject> {
  const entries = new Map<string, JsonObject>()
  for (const [key, value] of readMap(input, name)) {
    if (!isJsonObject(value)) throw serializationError(`${name} must be a map of structures.`)
    entries.set(key, value)
  }
  return entries
}

function readMap(input: JsonObject, name: string): [string, unknown][] {
  const value = readMember(input, name)
  if (value === undefined) return []
  if (!isJsonObject(value)) throw serializationError(`${name} must be a map.`)
  return Object.entries(value)
}
