/**
 * Descriptors of protobuf files, from a form that costs little to start with.
 *
 * Generated code carries each file as the bytes of a `FileDescriptorProto`. Reading those, and working out every
 * field of 300 messages before the first call, is a fifth of a cold start, and most calls meet 30 of them. The
 * bundles carry what comes of it instead (`lib/light-descriptors.ts`), and a message's fields are made when they
 * are first looked at.
 *
 * For proto3 files, which is all that the bundles have; extensions of options are left out. Of `proto`, what the
 * generated code was made from, there are names and unknown options only. A test compares the rest with what
 * protobuf-es makes.
 */
import type {
  DescEnum,
  DescEnumValue,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescOneof,
  DescService,
} from '@bufbuild/protobuf'
import type {
  EnumForm,
  FieldForm,
  FileForm,
  MessageForm,
  OneofForm,
  Options,
  ServiceForm,
} from './light-form.ts'
import { adopt, enums, messages, typeNamed } from './light-types.ts'

const EDITION_PROTO3 = 999
const PRESENCE_IMPLICIT = 2

/** The files that are described here. */
const lightFiles = new WeakSet<DescFile>()

/** Makes the descriptor of a file, from JSON. The counterpart of protobuf-es' function of this name. */
export function fileDesc(json: string, imports: readonly DescFile[] = []): DescFile {
  const form = JSON.parse(json) as FileForm
  for (const one of imports) if (!lightFiles.has(one)) adopt(one)
  const file = {
    kind: 'file',
    proto: protoOf(form, { package: form.package }),
    deprecated: form.deprecated ?? false,
    edition: EDITION_PROTO3,
    name: form.name.replace(/\.proto$/, ''),
    dependencies: [...imports],
    enums: [] as DescEnum[],
    messages: [] as DescMessage[],
    extensions: [],
    services: [] as DescService[],
    toString: () => `file ${form.name}`,
  }
  const desc = file as unknown as DescFile
  lightFiles.add(desc)
  const scope: Scope = {
    file: desc,
    parent: undefined,
    prefix: form.package === '' ? '' : `${form.package}.`,
  }
  for (const one of form.enums ?? []) file.enums.push(enumOf(one, scope))
  for (const one of form.messages ?? []) file.messages.push(new LightMessage(one, scope) as DescMessage)
  for (const one of form.services ?? []) file.services.push(serviceOf(one, scope))
  return desc
}

interface Scope {
  readonly file: DescFile
  readonly parent: DescMessage | undefined
  /** Of the names of types: the package or the type around them, and a dot. */
  readonly prefix: string
}

interface Members {
  readonly fields: DescField[]
  readonly field: Record<string, DescField>
  readonly oneofs: DescOneof[]
  readonly members: (DescField | DescOneof)[]
}

/** A message whose members are made at the first look: by then, all types are there. */
class LightMessage {
  readonly kind = 'message'
  readonly proto: DescMessage['proto']
  readonly deprecated: boolean
  readonly file: DescFile
  readonly parent: DescMessage | undefined
  readonly name: string
  readonly typeName: string
  readonly nestedEnums: DescEnum[]
  readonly nestedMessages: DescMessage[]
  readonly nestedExtensions = []
  readonly #form: MessageForm
  #members: Members | undefined

  constructor(form: MessageForm, { file, parent, prefix }: Scope) {
    this.#form = form
    this.proto = protoOf(form)
    this.deprecated = form.deprecated ?? false
    this.file = file
    this.parent = parent
    this.name = form.name
    this.typeName = prefix + form.name
    const desc = this as unknown as DescMessage
    messages.set(this.typeName, desc)
    const scope: Scope = { file, parent: desc, prefix: `${this.typeName}.` }
    this.nestedEnums = (form.enums ?? []).map((one) => enumOf(one, scope))
    this.nestedMessages = (form.messages ?? []).map((one) => new LightMessage(one, scope) as DescMessage)
  }

  get fields(): DescField[] {
    return this.#made().fields
  }

  get field(): Record<string, DescField> {
    return this.#made().field
  }

  get oneofs(): DescOneof[] {
    return this.#made().oneofs
  }

  get members(): (DescField | DescOneof)[] {
    return this.#made().members
  }

  toString(): string {
    return `message ${this.typeName}`
  }

  #made(): Members {
    this.#members ??= membersOf(this.#form, this as unknown as DescMessage)
    return this.#members
  }
}

function membersOf({ fields = [], oneofs = [] }: MessageForm, parent: DescMessage): Members {
  const made: Members = {
    fields: [],
    field: {},
    oneofs: oneofs.map((one) => oneofOf(one, parent)),
    members: [],
  }
  for (const form of fields) {
    const oneof = made.oneofs[form[4].oneof ?? -1]
    const field = fieldOf(form, parent, oneof)
    made.fields.push(field)
    made.field[field.localName] = field
    if (oneof === undefined) made.members.push(field)
    else if (oneof.fields.push(field) === 1) made.members.push(oneof)
  }
  return made
}

function oneofOf([name, localName, options]: OneofForm, parent: DescMessage): DescOneof {
  return {
    kind: 'oneof',
    proto: protoOf({ name, ...options }),
    deprecated: false,
    parent,
    fields: [],
    name,
    localName,
    toString: () => `oneof ${parent.typeName}.${name}`,
  } as unknown as DescOneof
}

function fieldOf(
  [name, localName, number, type, details]: FieldForm,
  parent: DescMessage,
  oneof: DescOneof | undefined,
): DescField {
  const { kind = 'scalar', of, typeName = '' } = details
  const holds = of ?? kind
  const isSingular = of === undefined
  // One shape for all: the code that reads and writes messages looks at every field of every message.
  return {
    kind: 'field',
    proto: protoOf({ name, ...details }),
    deprecated: details.deprecated ?? false,
    name,
    number,
    scalar: holds === 'scalar' ? type : undefined,
    message: holds === 'message' ? typeNamed(messages, typeName) : undefined,
    enum: holds === 'enum' ? typeNamed(enums, typeName) : undefined,
    presence: details.presence ?? PRESENCE_IMPLICIT,
    utf8Validation: true,
    listKind: kind === 'list' ? of : undefined,
    mapKind: kind === 'map' ? of : undefined,
    mapKey: details.mapKey,
    delimitedEncoding: holds === 'message' || kind === 'map' ? false : undefined,
    packed: kind === 'list' ? (details.packed ?? false) : undefined,
    longAsString: details.longAsString ?? false,
    // There are no default values but the zero ones in proto3.
    getDefaultValue: isSingular ? noDefault : undefined,
    parent,
    oneof,
    localName,
    jsonName: details.jsonName ?? localName,
    toString: () => `field ${parent.typeName}.${name}`,
    fieldKind: kind,
  } as unknown as DescField
}

const noDefault = (): undefined => undefined

function enumOf(form: EnumForm, { file, parent, prefix }: Scope): DescEnum {
  const typeName = prefix + form.name
  const desc = {
    kind: 'enum',
    proto: protoOf(form),
    deprecated: form.deprecated ?? false,
    file,
    parent,
    open: true,
    name: form.name,
    typeName,
    value: {} as Record<number, DescEnumValue>,
    values: [] as DescEnumValue[],
    sharedPrefix: form.sharedPrefix,
    toString: () => `enum ${typeName}`,
  }
  for (const [name, localName, number, options] of form.values) {
    const value = {
      kind: 'enum_value',
      proto: protoOf({ name, ...options }),
      deprecated: options.deprecated ?? false,
      parent: desc as unknown as DescEnum,
      name,
      localName,
      number,
      jsonName: name,
      toString: () => `enum value ${typeName}.${name}`,
    } as DescEnumValue
    desc.values.push(value)
    desc.value[number] ??= value
  }
  enums.set(typeName, desc as unknown as DescEnum)
  return desc as unknown as DescEnum
}

function serviceOf(form: ServiceForm, { file, prefix }: Scope): DescService {
  const typeName = prefix + form.name
  const desc = {
    kind: 'service',
    proto: protoOf(form),
    deprecated: form.deprecated ?? false,
    file,
    name: form.name,
    typeName,
    methods: [] as DescMethod[],
    method: {} as Record<string, DescMethod>,
    toString: () => `service ${typeName}`,
  }
  for (const one of form.methods) {
    const method = {
      kind: 'rpc',
      proto: protoOf(one),
      deprecated: one.deprecated ?? false,
      parent: desc as unknown as DescService,
      name: one.name,
      localName: one.localName,
      methodKind: one.kind,
      input: typeNamed(messages, one.input),
      output: typeNamed(messages, one.output),
      idempotency: one.idempotency,
      toString: () => `rpc ${typeName}.${one.name}`,
    } as unknown as DescMethod
    desc.methods.push(method)
    desc.method[one.localName] = method
  }
  return desc as unknown as DescService
}

/** What is left of what a descriptor was made from. */
function protoOf<Proto>(form: { readonly name: string } & Options, more: object = {}): Proto {
  const { name, unknown } = form
  if (unknown === undefined) return { name, ...more } as Proto
  const $unknown = unknown.map(([no, wireType, data]) => ({
    no,
    wireType,
    data: new Uint8Array(Buffer.from(data, 'base64')),
  }))
  return { name, ...more, options: { $unknown } } as Proto
}
