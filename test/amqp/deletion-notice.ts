import { expect } from 'vitest'
import type { Channel } from './channel.ts'

/** Who deletes a queue that the same channel consumes hears first that it is done, then that it consumes it no more. */
export async function expectNoticeBehindAnswer(channel: Channel): Promise<void> {
  await channel.call('queue.declare', { queue: 'going' })
  const { consumerTag } = await channel.call('basic.consume', { queue: 'going' })
  const seen: string[] = []
  channel.watch(({ method }) => seen.push(method.name))
  await channel.call('queue.delete', { queue: 'going' })
  expect((await channel.event('basic.cancel')).method).toMatchObject({ consumerTag, nowait: true })
  expect(seen).toEqual(['queue.delete-ok', 'basic.cancel'])
}
