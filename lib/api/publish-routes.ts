import type { Api } from './env.ts'

/** To be filled. */
export function publishRoutes(_api: Api): void {}
