import { describe, expect, test } from 'vitest'
import { chooseSource, openEndpoint } from './endpoint.ts'

const never = () => {
  throw new Error('must not be asked')
}

describe('the LocalStack that the suite runs on', () => {
  test('is the one that AWS_ENDPOINT_URL names, whatever else there is', () => {
    const sources = { givenUrl: 'http://127.0.0.1:4567', hasScripts: never, hasDocker: never }
    expect(chooseSource(sources)).toEqual({ kind: 'given', url: 'http://127.0.0.1:4567' })
  })

  test.each([undefined, ''])(
    'is started by the scripts beside the project where AWS_ENDPOINT_URL is %j',
    (givenUrl) => {
      expect(chooseSource({ givenUrl, hasScripts: () => true, hasDocker: never })).toEqual({ kind: 'scripts' })
    },
  )

  test('is started in Docker where there are no such scripts', () => {
    const sources = { givenUrl: undefined, hasScripts: () => false, hasDocker: () => true }
    expect(chooseSource(sources)).toEqual({ kind: 'docker' })
  })

  test('is asked for, with the command to type, where there is nothing to start one with', () => {
    const sources = { givenUrl: undefined, hasScripts: () => false, hasDocker: () => false }
    expect(() => chooseSource(sources)).toThrow(/docker run .*localstack\/localstack:\S+\n.*npm run test:localstack/)
  })

  test('is not taken from elsewhere where the one that is named does not answer', async () => {
    await expect(openEndpoint('http://127.0.0.1:9')).rejects.toThrow(
      /AWS_ENDPOINT_URL is http:\/\/127.0.0.1:9, where no/,
    )
  })
})
