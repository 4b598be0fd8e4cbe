import { SqsError } from '../errors.ts'
import { type JsonObject, readObjectList, readString } from '../input.ts'

const MAX_ENTRIES = 10
const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/

export interface BatchEntry {
  readonly id: string
  readonly input: JsonObject
}

/**
 * The entries of a batch request, 1 to 10 with distinct ids.
 * @param entryShape the entry's shape, for the message AWS gives
 * @throws EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId, BatchEntryIdsNotDistinct
 */
export function parseBatchEntries(input: JsonObject, entryShape: string): BatchEntry[] {
  const entries = readObjectList(input, 'Entries').map((entry) => ({ id: readString(entry, 'Id') ?? '', input: entry }))
  if (entries.length === 0) {
    throw new SqsError('EmptyBatchRequest', `There should be at least one ${entryShape} in the request.`)
  }
  if (entries.length > MAX_ENTRIES) {
    throw new SqsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MAX_ENTRIES}. You have sent ${entries.length}.`,
    )
  }
  const seen = new Set<string>()
  for (const { id } of entries) {
    if (!ENTRY_ID.test(id)) {
      throw new SqsError(
        'InvalidBatchEntryId',
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      )
    }
    if (seen.has(id)) throw new SqsError('BatchEntryIdsNotDistinct', `Id ${id} repeated.`)
    seen.add(id)
  }
  return entries
}

/** Runs each entry by itself; one that throws an SqsError fails alone. Empty lists are left out, as AWS does. */
export function runBatch<Entry extends { readonly id: string }>(
  entries: readonly Entry[],
  run: (entry: Entry) => object,
): object {
  const Successful: object[] = []
  const Failed: object[] = []
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.id, ...run(entry) })
    } catch (error) {
      if (!(error instanceof SqsError)) throw error
      Failed.push({ Id: entry.id, SenderFault: true, Code: error.code, Message: error.message })
    }
  }
  return { ...(Successful.length > 0 && { Successful }), ...(Failed.length > 0 && { Failed }) }
}
