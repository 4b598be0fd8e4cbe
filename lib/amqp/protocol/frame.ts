import type { Properties } from '../../model/message.ts'
import type { Method } from './methods.ts'

export const FRAME_METHOD = 1
export const FRAME_HEADER = 2
export const FRAME_BODY = 3
export const FRAME_HEARTBEAT = 8
export const FRAME_END = 0xce

/** Type, channel and size before the payload; the end octet after it. */
export const FRAME_HEADER_BYTES = 7
export const FRAME_OVERHEAD_BYTES = FRAME_HEADER_BYTES + 1

/** What a frame may measure before tune-ok has said otherwise (amqp-contract §1: at least 8192). */
export const FRAME_MAX_BEFORE_TUNE = 8192

/** The only class with content, and so the class of every content header. */
export const BASIC_CLASS = 60

export interface MethodFrame {
  readonly type: 'method'
  readonly channel: number
  readonly method: Method
}
export interface HeaderFrame {
  readonly type: 'header'
  readonly channel: number
  /** Of a class other than {@link BASIC_CLASS}, or with a weight, whatever follows is unknown: no size and no properties. */
  readonly classId: number
  readonly weight: number
  readonly bodySize: number
  readonly properties: Properties
}
export interface BodyFrame {
  readonly type: 'body'
  readonly channel: number
  readonly payload: Uint8Array
}
/** Always of channel 0: any other is refused by the reader. */
export interface HeartbeatFrame {
  readonly type: 'heartbeat'
  readonly channel: number
}
export type Frame = MethodFrame | HeaderFrame | BodyFrame | HeartbeatFrame
