/** `arn:aws:sts::123456789012:assumed-role/NAME/SESSION` */
const ASSUMED_ROLE = /^arn:(?<partition>[\w-]+):sts::(?<account>\d{12}):assumed-role\/(?<name>[\w+=,.@-]+)\/[^/]+$/
/** `arn:aws:iam::123456789012:role/PATH/NAME` */
const ROLE = /^arn:(?<partition>[\w-]+):iam::(?<account>\d{12}):role\/(?:[^\s]*\/)?(?<name>[\w+=,.@-]+)$/
/** Users with their paths, an account's root, and federated users. */
const AS_IT_IS = /^arn:[\w-]+:(?:iam::\d{12}:(?:user\/[^\s]+|root)|sts::\d{12}:federated-user\/[^\s]+)$/

/**
 * The name of the user that an IAM principal is: its ARN, and for every session of a role the role's,
 * `arn:aws:iam::ACCOUNT:role/NAME`. A role's path is left out, as sessions do not show it; names of roles are unique in
 * an account whatever their paths (IAM User Guide, "IAM identifiers"). Undefined for what is no principal.
 */
export function userNameOfPrincipal(arn: string): string | undefined {
  const { partition, account, name } = (ASSUMED_ROLE.exec(arn) ?? ROLE.exec(arn))?.groups ?? {}
  if (name !== undefined) return `arn:${partition}:iam::${account}:role/${name}`
  return AS_IT_IS.test(arn) ? arn : undefined
}
