import type { Api } from './env.ts'

/** To be filled. */
export function consumeRoutes(_api: Api): void {}
