import { Stack, Validations } from 'aws-cdk-lib'
import type { Role } from 'aws-cdk-lib/aws-iam'
import type { Grant } from './grant.ts'

/**
 * Tells cdk-nag why resources of a role end in a wildcard, one by one: a wildcard that is added later is found. Rule IAM5 of
 * AwsSolutions names a finding after the resource, with references in angle brackets.
 */
export function acknowledgeWildcards(role: Role, grants: readonly Grant[]): void {
  for (const { resources, wildcard } of grants) {
    if (wildcard === undefined) continue
    const findings = resources.map((resource) => `Resource::${flat(Stack.of(role).resolve(resource))}`)
    Validations.of(role).acknowledge(
      ...findings.map((finding) => ({ id: `AwsSolutions-IAM5[${finding}]`, reason: wildcard })),
    )
  }
}

interface Intrinsic {
  readonly Ref?: string
  readonly 'Fn::GetAtt'?: readonly [string, string]
  readonly 'Fn::Join'?: readonly [string, readonly (string | Intrinsic)[]]
}

function flat(value: string | Intrinsic): string {
  if (typeof value === 'string') return value
  const { Ref: reference, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value
  if (join !== undefined) return join[1].map(flat).join(join[0])
  if (attribute !== undefined) return `<${attribute.join('.')}>`
  return reference === undefined ? JSON.stringify(value) : `<${reference}>`
}
