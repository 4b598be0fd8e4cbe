/** A client's connection: the gateway that it ends at (broker/gateways.ts), and which of that gateway's it is. */
export interface ConnectionRef {
  readonly gateway: string
  readonly id: string
}

export const isSameConnection = (left: ConnectionRef | undefined, right: ConnectionRef | undefined): boolean =>
  left?.gateway === right?.gateway && left?.id === right?.id
