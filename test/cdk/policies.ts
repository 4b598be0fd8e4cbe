import type { Template } from 'aws-cdk-lib/assertions'
import { ACCOUNT, PARTITION, REGION } from '../privileges/arns.ts'
import { type Resource, resourcesOf } from './synthesised.ts'

/** What CloudFormation knows when it makes a stack; `stackId` is the whole ARN. */
export interface World {
  readonly stackId: string
  /** What `Ref` gives, by logical id, and `Fn::GetAtt`, by `id.Attribute`, where it is known; elsewhere the stack's id is in it. */
  readonly values?: ReadonlyMap<string, string>
}

export interface Statement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
}

export const stackId = (guid: string): string =>
  `arn:${PARTITION}:cloudformation:${REGION}:${ACCOUNT}:stack/Leveret/${guid}`

/** A value of a template as CloudFormation would put it; references to resources become names that hold the stack's id. */
export function resolve(value: unknown, world: World): unknown {
  if (Array.isArray(value)) return value.map((item) => resolve(item, world))
  if (typeof value !== 'object' || value === null) return value
  const [[name, argument] = ['', undefined], ...others] = Object.entries(value)
  if (others.length > 0 || !(name === 'Ref' || name.startsWith('Fn::'))) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, world)]))
  }
  return INTRINSICS[name]?.(resolve(argument, world), world) ?? unresolved(name)
}

const INTRINSICS: Readonly<Record<string, (argument: unknown, world: World) => unknown>> = {
  Ref: (name, world) => pseudoParameters(world)[String(name)] ?? valueBehind(String(name), world),
  'Fn::GetAtt': (argument, world) => valueBehind((argument as string[]).join('.'), world),
  'Fn::Join': (argument) => {
    const [separator, items] = argument as [string, string[]]
    return items.join(separator)
  },
  'Fn::Split': (argument) => {
    const [separator, text] = argument as [string, string]
    return text.split(separator)
  },
  'Fn::Select': (argument) => {
    const [index, items] = argument as [number, string[]]
    return items[index]
  },
}

const valueBehind = (reference: string, { values, stackId }: World): string =>
  values?.get(reference) ?? `${stackId}:${reference}`

const pseudoParameters = (world: World): Readonly<Record<string, string>> => ({
  'AWS::StackId': world.stackId,
  'AWS::Partition': PARTITION,
  'AWS::Region': REGION,
  'AWS::AccountId': ACCOUNT,
  'AWS::URLSuffix': 'amazonaws.com',
})

function unresolved(name: string): never {
  throw new Error(`${name} is not known here`)
}

interface RoleReference {
  readonly 'Fn::GetAtt': readonly [string, string]
}

/** The statements of each function's role by the function's name, and of the gateway's, where there is one. */
export function roleStatements(template: Template, world: World): ReadonlyMap<string, readonly Statement[]> {
  const all = resourcesOf(template)
  const ofType = (type: string) => Object.values(all).filter(({ Type }) => Type === type)
  const functions = ofType('AWS::Lambda::Function').map(({ Properties }) => {
    const { Handler, Role } = Properties as unknown as { Handler: string; Role: RoleReference }
    return [Handler.replace('.handler', ''), Role] as const
  })
  const gateways = ofType('AWS::ECS::TaskDefinition').map(
    ({ Properties }) => ['gateway', Properties.TaskRoleArn as RoleReference] as const,
  )
  const roles = [...functions, ...gateways]
  return new Map(
    roles.map(
      ([
        name,
        {
          'Fn::GetAtt': [id],
        },
      ]) => [name, statementsOf(all, id, world)],
    ),
  )
}

function statementsOf(all: Readonly<Record<string, Resource>>, roleId: string, world: World): Statement[] {
  const { ManagedPolicyArns, Policies } = { Policies: [], ...all[roleId]?.Properties } as {
    ManagedPolicyArns?: unknown
    Policies: unknown[]
  }
  if (ManagedPolicyArns !== undefined) throw new Error(`${roleId} has managed policies, whose statements are elsewhere`)
  const isAttached = ({ Type, Properties }: Resource) =>
    Type === 'AWS::IAM::Policy' && JSON.stringify(Properties.Roles).includes(`"${roleId}"`)
  const attached = Object.values(all).filter(isAttached)
  const documents = [...Policies, ...attached.map(({ Properties }) => Properties)] as {
    PolicyDocument: { Statement: { Effect: 'Allow'; Action: unknown; Resource: unknown; Condition?: unknown }[] }
  }[]
  return documents.flatMap(({ PolicyDocument }) =>
    PolicyDocument.Statement.map(({ Effect, Action, Resource: resource }) => ({
      Effect,
      Action: texts(resolve(Action, world)),
      Resource: texts(resolve(resource, world)),
    })),
  )
}

const texts = (value: unknown): string[] => [value].flat().map(String)

/** IAM's answer for statements without conditions: a Deny wins, and what nobody allows is denied. */
export function isAllowed(statements: readonly Statement[], action: string, resource: string): boolean {
  const hits = statements.filter(
    (statement) =>
      statement.Action.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      statement.Resource.some((pattern) => matches(pattern, resource)),
  )
  return hits.some(({ Effect }) => Effect === 'Allow') && !hits.some(({ Effect }) => Effect === 'Deny')
}

/** Whether a pattern of a policy, with its `*` and `?`, says this. */
export function matches(pattern: string, text: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(text)
}
