/** A function as the template declares it, with every value resolved. */
export interface FunctionDefinition {
  /** The function's name, which its ARN ends with. */
  readonly name: string
  readonly arn: string
  /** The folder with the bundle. */
  readonly directory: string
  /** `<module>.<export>`, as in the template. */
  readonly handler: string
  readonly timeoutMs: number
  readonly memoryMb: number
  /** The variables that the template gives it, and no others. */
  readonly environment: Readonly<Record<string, string>>
  /** How many processes may run at once; undefined where the template sets no limit of its own. */
  readonly reservedConcurrency: number | undefined
}

/** What an invocation came to: the handler's parsed answer, or why there is none. */
export type InvocationResult =
  | { readonly payload: unknown }
  | { readonly error: 'timeout' | 'error' | 'throttled' }

/** Receives what a function writes, a line at a time. */
export type LogLine = (functionName: string, line: string) => void
