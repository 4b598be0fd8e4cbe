import type { Exception } from './verdict.ts'

/** What the clock does only where a request has died that was at work. */
const insteadOfRequest = (action: string, resource: string, reason: string): Exception => ({
  function: 'clock',
  action,
  resource,
  reason,
})

const BRINGS_HISTORY = 'Sends what an exchange kept to what was bound to it, where the request died that bound it.'

/** One publish in ten to an exchange that keeps its history takes the oldest out; no story is sure to be it. */
const trims = (name: string, action: string): Exception => ({
  function: name,
  action,
  resource: '-messages',
  reason: 'One message in ten that comes to an exchange with a history takes the oldest out of it.',
})

/** Everything that roles allow though no story of the integration suite is sure to make a function do it. */
export const EXCEPTIONS: readonly Exception[] = [
  ...['publish', 'consume', 'dead-letter', 'delay', 'sweep'].map((name) => trims(name, 'dynamodb:Query')),
  ...['publish', 'consume', 'manage', 'dead-letter'].map((name) => trims(name, 'dynamodb:DeleteItem')),
  insteadOfRequest('s3:GetObject', '/scheduled/*', BRINGS_HISTORY),
  insteadOfRequest('s3:ListBucket', '-blobs', BRINGS_HISTORY),
  insteadOfRequest('s3:PutObject', '/live/*', BRINGS_HISTORY),
  insteadOfRequest('s3:PutObject', '/scheduled/*', BRINGS_HISTORY),
  {
    function: 'clock',
    action: 's3:PutObject',
    resource: '/bases/*',
    reason:
      'A queue that expires is one commit in a journal, and the base that is due after 256 of them may fall on it.',
  },
  insteadOfRequest('sqs:SetQueueAttributes', '-*', 'Ends a change of policies whose request died.'),
  {
    function: 'relay',
    action: 'dynamodb:PutItem',
    resource: '-messages',
    reason:
      'Has a queue looked through anew where the look for its expiring copies was over before they came: a late relay.',
  },
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
  {
    function: 'gateway',
    action: 's3:GetObject',
    resource: '/bases/*',
    reason: 'Loads what a journal came to where others have written a base before the gateway was started.',
  },
  {
    function: 'gateway',
    action: 'sqs:SetQueueAttributes',
    resource: '-*',
    reason: 'Gives an SQS queue what is in force by now, where a policy changed while its queue was declared.',
  },
  {
    function: 'gateway',
    action: 's3:ListBucket',
    resource: '-blobs',
    reason: 'A payload that its blob is gone of: S3 says so only to whom may list the bucket.',
  },
]
