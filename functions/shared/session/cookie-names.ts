/** The cookies of a session, as Flyte names them. A value that is too long for one is in `<name>_1`, `<name>_2`, … */

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
