import type { Properties } from '../../model/message.ts'
import { ByteWriter } from './byte-writer.ts'
import { writeContentHeader } from './content-header.ts'
import { FRAME_BODY, FRAME_END, FRAME_HEADER, FRAME_HEARTBEAT, FRAME_METHOD, FRAME_OVERHEAD_BYTES } from './frame.ts'
import { writeMethod } from './method-codec.ts'
import type { ContentMethod, Method } from './methods.ts'

export const HEARTBEAT: Buffer = Buffer.from([FRAME_HEARTBEAT, 0, 0, 0, 0, 0, 0, FRAME_END])

/** Encoding never waits, so one place to write in serves all. */
const writer = new ByteWriter()

/** A method frame. Throws RangeError for a short string beyond 255 bytes and a number out of range. */
export function encodeMethod(channel: number, method: Method): Buffer {
  writer.reset()
  writeFrame(FRAME_METHOD, channel, () => writeMethod(writer, method))
  return writer.toBuffer()
}

/** Up to here a payload is copied next to its frames: one small write instead of three. */
const COPIED_BYTES = 8192

/**
 * A method with its content: the frames as buffers to be written one after the other. Bodies are cut to `frameMax`
 * and, unless they are small, share the memory of `payload`. Throws as {@link encodeMethod} does.
 */
export function encodeContent(
  channel: number,
  method: ContentMethod,
  properties: Properties,
  payload: Uint8Array,
  frameMax: number,
): Buffer[] {
  writer.reset()
  writeFrame(FRAME_METHOD, channel, () => writeMethod(writer, method))
  writeFrame(FRAME_HEADER, channel, () => writeContentHeader(writer, payload.length, properties))
  const buffers: Buffer[] = []
  const most = frameMax - FRAME_OVERHEAD_BYTES
  for (let start = 0; start < payload.length; start += most) {
    const part = payload.subarray(start, start + most)
    writeFrameHeader(FRAME_BODY, channel, part.length)
    if (part.length <= COPIED_BYTES) writer.raw(part)
    else buffers.push(writer.toBuffer(), Buffer.from(part.buffer, part.byteOffset, part.length))
    if (part.length > COPIED_BYTES) writer.reset()
    writer.octet(FRAME_END)
  }
  buffers.push(writer.toBuffer())
  return buffers
}

function writeFrame(type: number, channel: number, writePayload: () => void): void {
  writer.octet(type)
  writer.short(channel)
  const sizeAt = writer.startLength()
  writePayload()
  writer.endLength(sizeAt)
  writer.octet(FRAME_END)
}

function writeFrameHeader(type: number, channel: number, size: number): void {
  writer.octet(type)
  writer.short(channel)
  writer.long(size)
}
