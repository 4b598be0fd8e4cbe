/** Actions by the ARNs that they are allowed on. */
export interface Grant {
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  /** Why resources end in a wildcard, where they do. */
  readonly wildcard?: string
}
