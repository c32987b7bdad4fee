/** In which order runs and actions are listed. */
import { type ListRequest, Sort_Direction } from '@flyteorg/flyteidl2/flyteidl2/common/list_pb.ts'
import { ServiceError } from '../shared/errors.ts'

/**
 * Whether the newest comes first: unless the request asks for `created_at` ascending, in the newer field
 * for it or in the deprecated one.
 *
 * @throws {ServiceError} `request_invalid` for any other key; the indexes know no other order.
 */
export function isNewestFirst(request: ListRequest | undefined): boolean {
  const sorts = request?.sortByFields.length ? request.sortByFields : [request?.sortBy]
  const [sort, ...more] = sorts.filter((one) => one !== undefined && one.key !== '')
  if (sort === undefined) return true
  if (sort.key !== 'created_at' || more.length > 0) {
    throw new ServiceError('request_invalid', {
      message: 'request.sort_by.key is created_at: lists know no other order.',
    })
  }
  return sort.direction !== Sort_Direction.ASCENDING
}
