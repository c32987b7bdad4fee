/** The cookies of a session, as Flyte names them. A value that is too long for one is in `<name>_1`, `<name>_2`, … */

import type { HeaderLines } from '../http/message.ts'

export const ID_TOKEN_COOKIE = 'flyte_idt'
export const ACCESS_TOKEN_COOKIE = 'flyte_at'
export const REFRESH_TOKEN_COOKIE = 'flyte_rt'
export const USER_INFO_COOKIE = 'flyte_user_info'
export const SESSION_COOKIES = [
  ID_TOKEN_COOKIE,
  ACCESS_TOKEN_COOKIE,
  REFRESH_TOKEN_COOKIE,
  USER_INFO_COOKIE,
] as const

/** Says for half a minute that somebody has just signed in, so that a browser without a session now will get none. */
export const SIGNED_IN_COOKIE = 'flyte_signed_in'

/** Whether a request has anything that could be taken for a session: without it, none will be found either. */
export function mayHaveSession({ cookie = [] }: HeaderLines): boolean {
  return cookie.some((line) => line.includes(ID_TOKEN_COOKIE))
}
