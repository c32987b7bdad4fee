/** Gives the bundles descriptors of protobuf files that are cheap to start with. */
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  create,
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescService,
  fromBinary,
} from '@bufbuild/protobuf'
import { protoCamelCase } from '@bufbuild/protobuf/reflect'
import { base64Decode, base64Encode } from '@bufbuild/protobuf/wire'
import {
  type DescriptorProto,
  FeatureSet_FieldPresence,
  type FieldDescriptorProto,
  FieldDescriptorProto_Type,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt'
import type { Plugin } from 'esbuild'

const RUNTIME = fileURLToPath(new URL('../functions/shared/rpc/light-descriptors.ts', import.meta.url))
const IMPORT = `import { fileDesc as lightFileDesc } from ${JSON.stringify(RUNTIME)}\n`
/** How generated code describes its file: the bytes in base64, and the files it imports. */
const DESCRIBES = /\bfileDesc\(\s*"([A-Za-z0-9+/=]+)"(?:,\s*\[([^\]]*)\])?/
/** The description of descriptions, which a file imports in order to extend options. */
const DESCRIPTOR_FILE = 'file_google_protobuf_descriptor'

/**
 * The descriptions of these options would make up half of all bytes. Generated code imports them only to be able to
 * name a dependency; the options themselves are enforced by the functions in their own words.
 */
const VALIDATE_FILE = 'buf/validate/validate.proto'

/**
 * Replaces the bytes in generated code by what comes of reading them; see
 * `functions/shared/rpc/light-descriptors.ts`. Files that are not proto3, or extend messages, stay as they are.
 */
export const lightDescriptors: Plugin = {
  name: 'light-descriptors',
  setup({ onLoad }) {
    onLoad({ filter: /_pb\.(ts|js)$/ }, async ({ path }) => {
      const contents = await readFile(path, 'utf8')
      const [, base64, imports = ''] = DESCRIBES.exec(contents) ?? []
      if (base64 === undefined) return undefined
      const proto = fromBinary(FileDescriptorProtoSchema, base64Decode(base64))
      const loader = extname(path) === '.ts' ? 'ts' : 'js'
      if (proto.name === VALIDATE_FILE) {
        const empty = JSON.stringify({ name: proto.name, package: proto.package })
        return {
          contents: `${IMPORT}export const file_buf_validate_validate = lightFileDesc('${empty}')`,
          loader,
        }
      }
      if (!isSupported(proto)) return undefined
      const json = JSON.stringify(JSON.stringify(lightForm(proto)))
      const described = imports.split(',').filter((name) => name.trim() !== DESCRIPTOR_FILE)
      const call = `lightFileDesc(${json}, [${described.join()}]`
      return { contents: IMPORT + contents.replace(DESCRIBES, () => call), loader }
    })
  },
}

/** Whether a file can be described in this way: a proto3 file that extends nothing but options. */
export function isSupported({ syntax, extension, messageType }: FileDescriptorProto): boolean {
  const extendsNothing = (type: DescriptorProto): boolean =>
    type.extension.length === 0 && type.nestedType.every(extendsNothing)
  const extendsOptions = extension.every(({ extendee }) => /^\.google\.protobuf\.\w+Options$/.test(extendee))
  return syntax === 'proto3' && extendsOptions && messageType.every(extendsNothing)
}

/** What protobuf-es makes of a file, as plain values; what is usual is left out. */
export function lightForm(proto: FileDescriptorProto): object {
  const file = describe(proto)
  return {
    name: proto.name,
    package: proto.package,
    ...options(file),
    messages: some(file.messages.map(messageForm)),
    enums: some(file.enums.map(enumForm)),
    services: some(file.services.map(serviceForm)),
  }
}

function messageForm(message: DescMessage): object {
  return {
    name: message.name,
    ...options(message),
    fields: some(message.fields.map(fieldForm)),
    oneofs: some(message.oneofs.map((oneof) => [oneof.name, oneof.localName, options(oneof)])),
    messages: some(message.nestedMessages.map(messageForm)),
    enums: some(message.nestedEnums.map(enumForm)),
  }
}

/** The properties that only some kinds of fields have. */
type AnyField = DescField & {
  readonly listKind?: string
  readonly mapKind?: string
  readonly mapKey?: number
  readonly packed?: boolean
  readonly longAsString?: boolean
}

function fieldForm(field: AnyField): unknown[] {
  const { name, localName, number, oneof, parent } = field
  const details = {
    ...options(field),
    kind: field.fieldKind === 'scalar' ? undefined : field.fieldKind,
    of: field.listKind ?? field.mapKind,
    typeName: (field.message ?? field.enum)?.typeName,
    mapKey: field.mapKey,
    oneof: oneof && parent.oneofs.indexOf(oneof),
    presence: field.presence === FeatureSet_FieldPresence.IMPLICIT ? undefined : field.presence,
    jsonName: field.jsonName === localName ? undefined : field.jsonName,
    packed: field.packed || undefined,
    longAsString: field.longAsString || undefined,
  }
  return [name, localName, number, field.scalar ?? 0, details]
}

function enumForm(type: DescEnum): object {
  const values = type.values.map((value) => [value.name, value.localName, value.number, options(value)])
  return { name: type.name, ...options(type), sharedPrefix: type.sharedPrefix, values }
}

function serviceForm(service: DescService): object {
  const methods = service.methods.map((method) => ({
    name: method.name,
    localName: method.localName,
    ...options(method),
    kind: method.methodKind,
    input: method.input.typeName,
    output: method.output.typeName,
    idempotency: method.idempotency,
  }))
  return { name: service.name, ...options(service), methods }
}

interface WithOptions {
  readonly deprecated: boolean
  readonly proto: {
    readonly options?: { readonly $unknown?: readonly { no: number; wireType: number; data: Uint8Array }[] }
  }
}

function options({ deprecated, proto }: WithOptions) {
  const unknown = proto.options?.$unknown?.map(({ no, wireType, data }) => [no, wireType, base64Encode(data)])
  return { ...(deprecated ? { deprecated } : {}), ...(unknown?.length ? { unknown } : {}) }
}

const some = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list)

/**
 * The file as protobuf-es describes it. What it imports is not read for that: of a type from elsewhere only its
 * name matters here, so an empty one stands in for it.
 */
function describe(proto: FileDescriptorProto): DescFile {
  for (const type of proto.messageType) restoreJsonNames(type)
  const standIns = standInsOf(proto)
  proto.dependency = standIns.map(({ name }) => name)
  // Options are read without a schema, so that what extends them is not needed.
  proto.extension = []
  const registry = createFileRegistry(proto, (name) => standIns.find((file) => file.name === name))
  return registry.getFile(proto.name) as DescFile
}

/** Generated code leaves out the JSON names that follow from the names. */
function restoreJsonNames(type: DescriptorProto): void {
  for (const field of type.field) if (field.jsonName === '') field.jsonName = protoCamelCase(field.name)
  for (const nested of type.nestedType) restoreJsonNames(nested)
}

/** A file for each type from elsewhere. */
function standInsOf(proto: FileDescriptorProto): FileDescriptorProto[] {
  const own = new Set(proto.messageType.flatMap((type) => typeNames(type, `.${proto.package}`)))
  for (const type of proto.enumType) own.add(`.${proto.package}.${type.name}`)
  const used = new Map<string, boolean>()
  for (const field of proto.messageType.flatMap(allFields)) {
    used.set(field.typeName, field.type === FieldDescriptorProto_Type.ENUM)
  }
  for (const method of proto.service.flatMap((service) => service.method)) {
    used.set(method.inputType, false)
    used.set(method.outputType, false)
  }
  const elsewhere = [...used].filter(([typeName]) => typeName !== '' && !own.has(typeName))
  return elsewhere.map(([typeName, isEnum]) => standIn(typeName.slice(1), isEnum))
}

function standIn(typeName: string, isEnum: boolean): FileDescriptorProto {
  const at = typeName.lastIndexOf('.')
  const type = { name: typeName.slice(at + 1) }
  return create(FileDescriptorProtoSchema, {
    name: `${typeName}.proto`,
    package: typeName.slice(0, Math.max(at, 0)),
    syntax: 'proto3',
    ...(isEnum ? { enumType: [type] } : { messageType: [type] }),
  })
}

function typeNames(type: DescriptorProto, scope: string): string[] {
  const name = `${scope}.${type.name}`
  const nestedEnums = type.enumType.map((one) => `${name}.${one.name}`)
  return [name, ...nestedEnums, ...type.nestedType.flatMap((nested) => typeNames(nested, name))]
}

function allFields(type: DescriptorProto): FieldDescriptorProto[] {
  return [...type.field, ...type.nestedType.flatMap(allFields)]
}
