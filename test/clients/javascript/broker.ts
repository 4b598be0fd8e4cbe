import { type ChannelModel, connect } from 'amqplib'

/** Where the programs connect to: AMQP_URL, or what every tutorial says. */
export const connectToBroker = (): Promise<ChannelModel> => connect(process.env.AMQP_URL ?? 'amqp://localhost')
