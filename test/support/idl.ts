/** Every descriptor of the published protobuf package, for tests that hold for all of them. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DescFile, DescMessage, DescMethod, DescService } from '@bufbuild/protobuf'

const ROOT = join(import.meta.dirname, '../../node_modules/@flyteorg/flyteidl2/flyteidl2')

/** The files of the package, by loading each of its modules. */
export async function idlFiles(): Promise<DescFile[]> {
  const names = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('_pb.ts'),
  )
  const modules = await Promise.all(names.sort().map((name) => import(/* @vite-ignore */ join(ROOT, name))))
  return modules.flatMap((module) => Object.values(module as Record<string, unknown>)).filter(isFile)
}

/** The services of the package, by their full name. */
export async function idlServices(): Promise<Map<string, DescService>> {
  const services = (await idlFiles()).flatMap((file) => file.services)
  return new Map(services.map((service) => [service.typeName, service]))
}

/** The request types of some methods, each once. */
export function requestTypes(methods: readonly DescMethod[]): DescMessage[] {
  return [...new Set(methods.map((method) => method.input))]
}

function isFile(value: unknown): value is DescFile {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'file'
}
