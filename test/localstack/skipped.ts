/** Stories that say nothing of a deployed broker: the embedded cloud is what they are about. File by file. */
export const SKIPPED_FILES: Readonly<Record<string, string>> = {
  'kill-nine.test.ts': 'kills the embedded process; a function has no state to lose',
  'hostile.test.ts':
    'sends malformed HTTP over a socket of its own and looks at the process; API Gateway parses HTTP before any function',
}

/** The same test by test: part of the full name, and why. */
export const SKIPPED_TESTS: Readonly<Record<string, string>> = {
  'a request that is not for this machine is refused before anybody is asked who they are':
    'the embedded cloud looks at Host and Origin; a deployed API has a name of its own',
}

/** A pattern of vitest's that no skipped test's name matches. */
export const testNamePattern = (): string => `^(?!.*(?:${Object.keys(SKIPPED_TESTS).map(escaped).join('|')}))`

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
