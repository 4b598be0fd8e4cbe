import type { Exception } from './verdict.ts'

/** Everything that roles allow though no story of the integration suite is sure to make a function do it. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    function: 'dead-letter',
    action: 's3:PutObject',
    resource: '/bases/*',
    reason:
      'A place for dead letters is one commit in a journal, and the base that is due after 256 of them may fall on it.',
  },
  {
    function: 'dead-letter',
    action: 'sqs:DeleteQueue',
    resource: '-*',
    reason:
      'Gives up the place for dead letters that it has made while another invocation made one for the same queue.',
  },
  {
    function: 'bootstrap',
    action: 's3:PutObject',
    resource: '/bases/*',
    reason: 'A new lease is one commit in each journal, and the base that is due after 256 of them may fall on it.',
  },
]
