/** Where a run goes and what it is called. */
import type { CreateRunRequest } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'

export interface RunPlace {
  /** As received, for the answer; it is no part of the run's key. */
  readonly org: string
  readonly project: string
  readonly domain: string
  /** Undefined if a name is to be generated. */
  readonly name: string | undefined
}

/** A DNS label (RFC 1035 section 2.3.1) in lower case: what a run's name has to be, up to 30 characters long. */
const DNS_LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/

/**
 * Reads the id of a request.
 *
 * Does not check that the project exists, nor lengths, which the protos' own rules do.
 *
 * @throws {ServiceError} `request_invalid` for a name that is no DNS label, or a domain that is not configured:
 *   a run there would never be found through its project.
 */
export function placeOfRequest({ id }: CreateRunRequest, domains: readonly string[]): RunPlace {
  const place = placeOfId(id)
  if (place.name !== undefined && !DNS_LABEL.test(place.name)) {
    throw invalid('run_id.name has to be a DNS label: lower-case letters, digits and dashes, a letter first.')
  }
  if (!domains.includes(place.domain)) {
    throw invalid(`${id.case === 'runId' ? 'run_id' : 'project_id'}.domain is not one of this deployment's.`)
  }
  return place
}

function placeOfId(id: CreateRunRequest['id']): RunPlace {
  if (id.case === 'runId') {
    const { org, project, domain, name } = id.value
    return { org, project, domain, name }
  }
  if (id.case === 'projectId') {
    const { organization, name, domain } = id.value
    return { org: organization, project: name, domain, name: undefined }
  }
  throw invalid('run_id or project_id is required.')
}

function invalid(message: string): ServiceError {
  return new ServiceError('request_invalid', { message })
}
