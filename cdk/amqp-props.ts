import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager'
import type { IPeer, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2'
import type { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import type { IHostedZone } from 'aws-cdk-lib/aws-route53'

/** Gateways that speak AMQP 0-9-1, on Fargate behind a network load balancer (docs/amqp.md). */
export interface AmqpProps {
  /**
   * Where it is. Either this or `newVpc`.
   *
   * @default - `newVpc` says so
   */
  readonly vpc?: IVpc
  /**
   * Whether a VPC is made for it: two public subnets, and no NAT, which would cost more than all the rest.
   *
   * @default false
   */
  readonly newVpc?: boolean
  /**
   * Where tasks run. They need a way to SQS, DynamoDB, S3, ECR and CloudWatch Logs.
   *
   * @default - private subnets with a way out where the VPC has any, else public ones, with public addresses
   */
  readonly taskSubnets?: SubnetSelection
  /**
   * For the name that clients connect to, in the region of the stack. Required, unless `withoutTls` says otherwise.
   *
   * @default - `withoutTls` says so
   */
  readonly certificate?: ICertificate
  /**
   * Whether passwords and messages go over the network as they are. Only where `internal` is true as well.
   *
   * @default false
   */
  readonly withoutTls?: boolean
  /**
   * Whether it is reached from the VPC only, and from networks that are connected to it.
   *
   * @default false
   */
  readonly internal?: boolean
  /**
   * Who may connect.
   *
   * @default - everybody, where it is internal whoever is in the VPC
   */
  readonly allowFrom?: readonly IPeer[]
  /**
   * A name of your own, such as `amqp.example.org`.
   *
   * @default - the load balancer's, which no certificate of yours is for
   */
  readonly domainName?: string
  /**
   * Gets an alias record of the name.
   *
   * @default - you make one
   */
  readonly hostedZone?: IHostedZone
  /**
   * How many gateways there are. They are billed by the hour.
   *
   * @default 2
   */
  readonly tasks?: number
  /**
   * Of each, in 1024ths of a vCPU: 256, 512, 1024, 2048 or 4096.
   *
   * @default 512
   */
  readonly cpu?: number
  /**
   * Of each, MiB, as Fargate has it with that `cpu`.
   *
   * @default 1024
   */
  readonly memoryMb?: number
  /**
   * An image of your own, for arm64, that runs what `cdk/gateway-image` does.
   *
   * @default - built from the package when the app is deployed, which takes Docker
   */
  readonly image?: ContainerImage
}

/** Props that are left as they are where they are absent. */
type Optional = 'vpc' | 'taskSubnets' | 'certificate' | 'allowFrom' | 'domainName' | 'hostedZone' | 'image'

/** Props with their defaults. */
export type AmqpSettings = Required<Omit<AmqpProps, Optional>> & Pick<AmqpProps, Optional>

export const toAmqpSettings = (props: AmqpProps): AmqpSettings => ({
  ...props,
  newVpc: props.newVpc ?? false,
  withoutTls: props.withoutTls ?? false,
  internal: props.internal ?? false,
  tasks: props.tasks ?? 2,
  cpu: props.cpu ?? 512,
  memoryMb: props.memoryMb ?? 1024,
})
