import { globSync } from 'node:fs'
import { join } from 'node:path'
import {
  type AnyDesc,
  clone,
  create,
  type DescFile,
  type DescMessage,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
} from '@bufbuild/protobuf'
import { nestedTypes } from '@bufbuild/protobuf/reflect'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { CreateRunRequestSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { describe, expect, it } from 'vitest'
import { fileDesc } from '../../../../functions/shared/rpc/light-descriptors.ts'
import { declaredRules } from '../../../../functions/shared/rpc/rules/wire.ts'
import { isSupported, lightForm } from '../../../../lib/light-descriptors.ts'

const PACKAGE = join(import.meta.dirname, '../../../../node_modules/@flyteorg/flyteidl2')

/** Everything of Flyte's, with what it imports from elsewhere. */
const originals = new Map<string, DescFile>()
for (const path of globSync('flyteidl2/**/*_pb.ts', { cwd: PACKAGE })) {
  const module = (await import(join(PACKAGE, path))) as Record<string, DescFile>
  for (const [name, value] of Object.entries(module)) if (name.startsWith('file_')) collect(value)
}

function collect(file: DescFile): void {
  for (const imported of file.dependencies) collect(imported)
  originals.set(file.name, file)
}

const lights = new Map<string, DescFile>()
for (const [name, original] of originals) {
  if (!isSupported(original.proto)) continue
  const imports = original.dependencies.map((one) => lights.get(one.name) ?? one)
  const form = lightForm(clone(FileDescriptorProtoSchema, original.proto))
  lights.set(name, fileDesc(JSON.stringify(form), imports))
}

const PARTS = new Set(['kind', 'proto'])

/** A descriptor by the values of its properties; other descriptors by their names, `proto` by its name alone. */
function plain(desc: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names
      .filter((name) => name !== 'proto' && name !== 'extensions')
      .map((name) => [name, plainValue((desc as Record<string, unknown>)[name], desc)]),
  )
}

function plainValue(value: unknown, owner: object): unknown {
  if (typeof value === 'function') return (value as () => unknown).call(owner)
  if (Array.isArray(value)) return value.map((item) => plainValue(item, owner))
  if (typeof value !== 'object' || value === null) return value
  if ([...PARTS].every((part) => part in value)) return String(value)
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plainValue(one, owner)]))
}

/** A descriptor and all that is in it but extensions, in order. */
function everythingIn(file: DescFile): AnyDesc[] {
  const inside = [...nestedTypes(file)].flatMap((type): AnyDesc[] => {
    if (type.kind === 'message') return [type, ...type.fields, ...type.oneofs]
    if (type.kind === 'enum') return [type, ...type.values]
    return type.kind === 'service' ? [type, ...type.methods] : []
  })
  return [file, ...inside]
}

describe('light descriptors', () => {
  it('are made for every file of Flyte', () => {
    const names = [...originals.keys()].filter((name) => name.startsWith('flyteidl2/'))
    expect(names.length).toBeGreaterThan(50)
    expect(names.filter((name) => !lights.has(name))).toEqual([])
  })

  for (const [name, light] of lights) {
    it(`describe ${name} as protobuf-es does, property by property`, () => {
      const expected = everythingIn(originals.get(name) as DescFile)
      const actual = everythingIn(light)
      expect(actual.map(String)).toEqual(expected.map(String))
      for (const [index, desc] of expected.entries()) {
        const names = Object.keys(desc)
        expect(plain(actual[index] as AnyDesc, names)).toEqual(plain(desc, names))
        expect(actual[index]?.proto.name).toBe(desc.proto.name)
      }
    })

    it(`keep the rules that ${name} declares`, () => {
      const rulesOf = (file: DescFile) =>
        everythingIn(file).flatMap((desc) =>
          desc.kind === 'message' || desc.kind === 'field' || desc.kind === 'oneof'
            ? [[String(desc), declaredRules(desc)]]
            : [],
        )
      expect(rulesOf(light)).toEqual(rulesOf(originals.get(name) as DescFile))
    })
  }

  it('make the very types that other descriptors refer to', () => {
    const file = lights.get('flyteidl2/workflow/run_service') as DescFile
    const request = file.messages.find((message) => message.name === 'CreateRunRequest') as DescMessage
    expect(file.services[0]?.method.createRun?.input).toBe(request)
    expect(request.field.taskSpec?.message?.file).toBe(lights.get('flyteidl2/task/task_definition'))
    expect(request.fields).toBe(request.fields)
  })

  it('read and write messages as protobuf-es does, in binary and in JSON, unknown fields kept', () => {
    const file = lights.get('flyteidl2/workflow/run_service') as DescFile
    const light = file.messages.find((message) => message.name === 'CreateRunRequest') as DescMessage
    const request = create(CreateRunRequestSchema, {
      id: { case: 'projectId', value: { name: 'p', domain: 'd' } },
      task: {
        case: 'taskSpec',
        value: {
          taskTemplate: { type: 'python', config: { a: 'b' }, custom: { nested: [1, 'two', null] } },
          defaultInputs: [{ name: 'x' }],
        },
      },
      runSpec: { envs: { values: [{ key: 'K', value: 'V' }] }, labels: { values: { l: 'm' } } },
    })
    const bytes = new Uint8Array([...toBinary(CreateRunRequestSchema, request), 0xf8, 0x3f, 0x01])
    expect(toBinary(light, fromBinary(light, bytes))).toEqual(bytes)
    const json = toJson(CreateRunRequestSchema, request)
    expect(toJson(light, fromBinary(light, bytes))).toEqual(json)
    expect(toBinary(light, fromJson(light, json))).toEqual(toBinary(CreateRunRequestSchema, request))
  })
})
