import type { Site } from './deployment.ts'

/** How run.ts tells the suite's files where the broker is deployed; those of the endpoint itself come as AWS SDKs read them. */
export const DIRECTORY = 'LEVERET_DEPLOYMENT_DIRECTORY'

/** The site of the deployment that the suite runs on. */
export function siteFromEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): Site {
  const { [DIRECTORY]: directory, AWS_ENDPOINT_URL: url } = env
  if (!directory || !url) throw new Error('test/localstack/run.ts runs this')
  return { directory, url, env: {} }
}
