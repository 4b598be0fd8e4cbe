/** What was typed is not a command line of ours; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Why a command could not do its work, in words for the person who ran it; printed without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}
