/** Whether a LocalStack answers there. Waits a little either way, so that asking again and again is no busy loop. */
export async function isHealthy(url: string): Promise<boolean> {
  const [answer] = await Promise.all([
    fetch(`${url}/_localstack/health`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, 250)),
  ])
  return answer?.ok === true
}
