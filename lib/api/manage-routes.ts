import type { Api } from './env.ts'

/** To be filled. */
export function manageRoutes(_api: Api): void {}
