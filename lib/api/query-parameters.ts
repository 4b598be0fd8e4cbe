/** A query parameter by its name. */
export type Parameters = (name: string) => string | undefined
