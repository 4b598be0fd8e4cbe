const NO_GATEWAY = 'speaks AMQP with the embedded cloud; LocalStack runs no containers, so no gateway is deployed there'

/** Stories that say nothing of a deployed broker: the embedded cloud is what they are about. File by file. */
export const SKIPPED_FILES: Readonly<Record<string, string>> = {
  'as-deployed.test.ts': 'looks at an embedded cloud from inside, and asks no deployed broker for anything',
  'kill-nine.test.ts': 'kills the embedded process; a function has no state to lose',
  'kill-nine-in-time.test.ts': 'the same, while messages wait',
  'amqp-kill-nine.test.ts': 'kills the embedded process; a deployed gateway that is killed is the same one as the next',
  'amqp-kill-nine-beside.test.ts': 'kills a gateway of its own on the embedded cloud',
  'amqp-blobs.test.ts': NO_GATEWAY,
  'amqp-connection.test.ts': NO_GATEWAY,
  'amqp-consuming.test.ts': NO_GATEWAY,
  'amqp-hello.test.ts': NO_GATEWAY,
  'amqp-hostile.test.ts': NO_GATEWAY,
  'amqp-in-the-api.test.ts': NO_GATEWAY,
  'amqp-publishing.test.ts': NO_GATEWAY,
  'amqp-temporary.test.ts': NO_GATEWAY,
  'tokens.test.ts': 'configures an issuer on this machine, which the deployed broker has none of and could not reach',
  'missing-sqs-queue.test.ts': 'moves the clock of an SQS of its own',
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

/**
 * What SQS does and LocalStack's does not: tests of `test/conformance/sqs-queues.ts`, by exact name. Those for which a
 * clock has to be moved forward name that as their reason themselves.
 */
export const SKIPPED_OF_SQS: Readonly<Record<string, string>> = {
  'an attribute value out of range fails with InvalidAttributeValue': 'it takes any value',
  'more than ten attributes, or one that breaks a rule, fail with InvalidParameterValue':
    'it takes eleven, and names with two full stops in a row or with letters beyond ASCII',
  'a long poll that its caller gives up swallows no message': 'it hands the next message to the poll that was given up',
  'a redrive policy is shown with a number, however it was given': 'it shows the count as it was given',
  'a redrive policy that cannot work fails with InvalidParameterValue': 'it takes any policy',
  'a message that is given back comes before its successors':
    'it opens a group once one of its messages is given back, though another is still in flight',
  'deduplication per message group lets another group use the same id': 'with that scope it deduplicates nothing',
}
