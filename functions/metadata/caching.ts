/** How long others may keep what this function answers. */

/** For documents that are the same for everybody: five minutes, as long as this function itself keeps them. */
export const PUBLIC_FOR_MINUTES = { 'cache-control': 'public, max-age=300' } as const

/** For answers about this very moment, and for everything with a token in it. */
export const NEVER_STORED = { 'cache-control': 'no-store' } as const
