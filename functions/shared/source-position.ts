/**
 * Places in our source code, from places in a bundle.
 *
 * Node would do this by itself (`--enable-source-maps`), and would read every bundle's map at every cold start for
 * it. Here the map beside a bundle is read when the first place in that bundle is asked for, which is when something
 * went wrong that should not have.
 */
import { readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { fileURLToPath } from 'node:url'

/** A stack frame of a module: an address, a line and a column. */
const FRAME = /(file:\/\/\S+):(\d+):(\d+)\)?$/

/** The maps that were read; null where there is none. There are as many as a bundle has files. */
const maps = new Map<string, SourceMap | null>()

/**
 * Names the place of a stack frame in the source code: `at functions/runs/app.ts:12:3`. A frame that is in no file
 * with a map stays as it is. Reads a file the first time; never throws.
 */
export function sourceFrame(frame: string): string {
  const [, url = '', line, column] = FRAME.exec(frame) ?? []
  const origin = mapBeside(url)?.findOrigin(Number(line), Number(column))
  if (origin === undefined || !('fileName' in origin)) return frame
  // Maps name their sources as they are seen from the bundle.
  const path = origin.fileName.replace(/^(\.\.?\/)+/, '')
  return `at ${path}:${origin.lineNumber}:${origin.columnNumber}`
}

function mapBeside(url: string): SourceMap | null {
  if (url === '') return null
  let map = maps.get(url)
  if (map === undefined) {
    map = readMap(url)
    maps.set(url, map)
  }
  return map
}

function readMap(url: string): SourceMap | null {
  try {
    const text = readFileSync(`${fileURLToPath(url)}.map`, 'utf8')
    return new SourceMap(JSON.parse(text) as SourceMapPayload)
  } catch {
    return null
  }
}
