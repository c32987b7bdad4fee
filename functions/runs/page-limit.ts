/** How long a page is. */

const DEFAULT_LIMIT = 50
/** More would come close to the 1 MB that the load balancer passes on. */
export const MAX_PAGE_LIMIT = 200

/** The length of a page for a requested limit: 50 if none is given, 200 at most, without an error for more. */
export function pageLimit(requested: number): number {
  return requested === 0 ? DEFAULT_LIMIT : Math.min(requested, MAX_PAGE_LIMIT)
}
