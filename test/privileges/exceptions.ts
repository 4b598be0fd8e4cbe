import type { Exception } from './verdict.ts'

/** Everything that roles allow though no story of the integration suite is sure to make a function do it. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    function: 'manage',
    action: 'sqs:ChangeMessageVisibility',
    resource: '-*',
    reason: 'Gives back a message that comes while its queue is purged, or seen to be empty: a matter of milliseconds.',
  },
  {
    function: 'bootstrap',
    action: 's3:PutObject',
    resource: '/bases/*',
    reason: 'A new lease is one commit in each journal, and the base that is due after 256 of them may fall on it.',
  },
]
