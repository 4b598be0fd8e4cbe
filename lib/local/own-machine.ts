import type { IncomingHttpHeaders } from 'node:http'

const LOOPBACK = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i

/**
 * Why a request is not served; undefined if it is. The password is well known and only the loopback interface is
 * listened on, so what remains to be kept out is a web page that the user looks at: one that lets its own name resolve
 * to 127.0.0.1 (the Host header then says that name), and one that posts a form here (Origin says where it is from).
 */
export function whyNotServed({ host, origin }: Pick<IncomingHttpHeaders, 'host' | 'origin'>): string | undefined {
  if (host === undefined || !LOOPBACK.test(host)) {
    return 'The Host header must be 127.0.0.1, localhost or [::1]: this server answers its own machine only'
  }
  if (origin !== undefined && !LOOPBACK.test(origin.replace(/^https?:\/\//i, ''))) {
    return 'Pages of other sites may not use this server'
  }
  return undefined
}
