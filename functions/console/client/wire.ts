/** The messages this page reads, in the JSON form of protobuf: what has its default value is left out. */

export interface RunId {
  readonly org?: string
  readonly project?: string
  readonly domain?: string
  readonly name?: string
}

export interface EnrichedIdentity {
  readonly user?: {
    readonly id?: { readonly subject?: string }
    readonly spec?: {
      readonly firstName?: string
      readonly lastName?: string
      readonly email?: string
      readonly userHandle?: string
    }
  }
  readonly application?: {
    readonly id?: { readonly subject?: string }
    readonly spec?: { readonly name?: string }
  }
}

export interface TaskId {
  readonly project?: string
  readonly domain?: string
  readonly name?: string
  readonly version?: string
}

export interface ActionStatus {
  /** For example `ACTION_PHASE_RUNNING`; a number if the service knows no name for it. */
  readonly phase?: string | number
  /** RFC 3339. */
  readonly startTime?: string
  readonly endTime?: string
  readonly attempts?: number
  /** A 64-bit number, as text. */
  readonly durationMs?: string
}

export interface Action {
  readonly id?: { readonly run?: RunId; readonly name?: string }
  readonly metadata?: {
    readonly executedBy?: EnrichedIdentity
    readonly task?: { readonly id?: TaskId; readonly taskType?: string; readonly shortName?: string }
    readonly trace?: { readonly name?: string }
    readonly condition?: { readonly name?: string }
    readonly environmentName?: string
    readonly source?: string
    /** The name of the action that asked for this one; absent for the run itself. */
    readonly parent?: string
    readonly group?: string
  }
  readonly status?: ActionStatus
}

export interface ActionDetails extends Action {
  readonly errorInfo?: { readonly message?: string; readonly kind?: string }
  readonly abortInfo?: { readonly reason?: string; readonly abortedBy?: EnrichedIdentity }
  readonly task?: {
    readonly taskTemplate?: {
      readonly type?: string
      readonly container?: {
        readonly image?: string
        readonly command?: readonly string[]
        readonly args?: readonly string[]
      }
    }
  }
}

export interface ListRunsResponse {
  readonly runs?: readonly { readonly action?: Action }[]
  readonly token?: string
}

export interface ListActionsResponse {
  readonly actions?: readonly Action[]
  readonly token?: string
}

export interface CreateRunResponse {
  readonly run?: { readonly action?: Action }
}

export interface GetRunDetailsResponse {
  readonly details?: { readonly action?: ActionDetails }
}

export interface ListProjectsResponse {
  readonly projects?: {
    readonly projects?: readonly {
      readonly id?: string
      readonly name?: string
      readonly domains?: readonly { readonly id?: string; readonly name?: string }[]
    }[]
  }
}
