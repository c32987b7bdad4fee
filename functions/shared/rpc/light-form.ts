/** The form in which bundles carry protobuf files; `lib/light-descriptors.ts` writes it. What is usual is left out. */
import type { DescField, DescMethod } from '@bufbuild/protobuf'

/** An option that no schema here knows, such as `buf.validate`'s: its number, wire type and bytes in base64. */
export type UnknownOption = readonly [no: number, wireType: number, data: string]

export interface Options {
  readonly deprecated?: true
  readonly unknown?: readonly UnknownOption[]
}

export interface FieldDetails extends Options {
  readonly jsonName?: string
  readonly typeName?: string
  /** Absent for a scalar. */
  readonly kind?: DescField['fieldKind']
  /** What a list or a map is made of. */
  readonly of?: 'scalar' | 'enum' | 'message'
  readonly mapKey?: number
  readonly oneof?: number
  /** Absent where an unset field is one with its zero value. */
  readonly presence?: number
  readonly packed?: true
  readonly longAsString?: true
}

/** `type` is the number of a scalar type, or 0. */
export type FieldForm = readonly [name: string, localName: string, number: number, type: number, FieldDetails]
export type OneofForm = readonly [name: string, localName: string, Options]
export type ValueForm = readonly [name: string, localName: string, number: number, Options]

export interface EnumForm extends Options {
  readonly name: string
  readonly sharedPrefix?: string
  readonly values: readonly ValueForm[]
}

export interface MessageForm extends Options {
  readonly name: string
  readonly fields?: readonly FieldForm[]
  readonly oneofs?: readonly OneofForm[]
  readonly messages?: readonly MessageForm[]
  readonly enums?: readonly EnumForm[]
}

export interface MethodForm extends Options {
  readonly name: string
  readonly localName: string
  readonly kind: DescMethod['methodKind']
  readonly input: string
  readonly output: string
  readonly idempotency: number
}

export interface ServiceForm extends Options {
  readonly name: string
  readonly methods: readonly MethodForm[]
}

export interface FileForm extends Options {
  readonly name: string
  readonly package: string
  readonly messages?: readonly MessageForm[]
  readonly enums?: readonly EnumForm[]
  readonly services?: readonly ServiceForm[]
}
