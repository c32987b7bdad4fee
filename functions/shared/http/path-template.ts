/** Paths of the route table in which whole segments are open: `/v2/domain/{domain}/project/{project}`. */

/** Whether a path of the route table has open segments. */
export function isTemplate(path: string): boolean {
  return path.includes('{')
}

/**
 * The values of the open segments, percent-decoded, or undefined when the path is not of this shape. An open segment
 * is one segment and never empty; one that decodes to nothing readable matches nothing. What is *in* a value is not
 * checked.
 */
export function matchTemplate(template: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = template.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  const values: Record<string, string> = {}
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] as string
    const name = /^\{(\w+)\}$/.exec(segment)?.[1]
    if (name === undefined) {
      if (segment !== value) return undefined
      continue
    }
    const decoded = decodeSegment(value)
    if (decoded === undefined || decoded === '') return undefined
    values[name] = decoded
  }
  return values
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
