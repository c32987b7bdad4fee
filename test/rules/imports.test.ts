/** Who may import whom. */
import { describe, expect, it } from 'vitest'
import {
  type Import,
  isBelow,
  packageJson,
  packageOf,
  parseText,
  type SourceFile,
  sourceFiles,
} from './sources.ts'

const files = sourceFiles()
const tests = sourceFiles(['test'])
/** The only file of `local` that knows the stack, which it turns into the template that everything else runs. */
const SYNTHESIS = 'local/synthesis.ts'
const ROUTE_TABLE = 'functions/shared/routes.ts'

/** The folders whose code speaks to AWS. */
const AWS_ADAPTERS = [
  'functions/shared/stores/dynamodb',
  'functions/shared/stores/s3',
  'functions/shared/stores/logs',
  'functions/shared/stores/scheduler',
  'functions/shared/secrets',
]
const BROWSER_CODE = 'functions/console/client'

type Rule = (file: SourceFile, one: Import) => boolean

/** The imports, as `file → target`, that a rule does not allow. */
function broken(allows: Rule, among: readonly SourceFile[] = files): string[] {
  return among.flatMap((file) =>
    file.imports.filter((one) => !allows(file, one)).map((one) => `${file.path} → ${one.target}`),
  )
}

const functionOf = (path: string) => /^functions\/([^/]+)\//.exec(path)?.[1]
const isAdapter = (path: string) => AWS_ADAPTERS.some((folder) => isBelow(path, folder))
const isAws = ({ target }: Import) => target.startsWith('@aws-sdk/') || target.startsWith('@smithy/')
const isCdk = ({ target }: Import) =>
  ['aws-cdk-lib', 'constructs', 'cdk-nag', 'aws-cdk'].includes(packageOf(target))

/** Each rule, and one import that it has to refuse: a rule that allows everything would pass as well. */
const rules: [name: string, allows: Rule, file: string, code: string][] = [
  [
    'bin imports lib, local and cli only',
    (file, { isOwn, target }) =>
      !isBelow(file.path, 'bin') || !isOwn || ['lib', 'local', 'cli'].some((room) => isBelow(target, room)),
    'bin/app.ts',
    "import { ROUTES } from '../functions/shared/routes.ts'",
  ],
  [
    'lib imports itself and the route table only',
    (file, { isOwn, target }) =>
      !isBelow(file.path, 'lib') || !isOwn || isBelow(target, 'lib') || target === ROUTE_TABLE,
    'lib/x.ts',
    "import { readConfig } from '../functions/shared/config.ts'",
  ],
  [
    'local imports itself only, and asks lib for the template in one place',
    (file, { isOwn, target }) =>
      !isBelow(file.path, 'local') ||
      !isOwn ||
      isBelow(target, 'local') ||
      (file.path === SYNTHESIS && isBelow(target, 'lib')),
    'local/x.ts',
    "import { ROUTES } from '../functions/shared/routes.ts'",
  ],
  [
    'cli imports itself only',
    (file, { isOwn, target }) => !isBelow(file.path, 'cli') || !isOwn || isBelow(target, 'cli'),
    'cli/x/main.ts',
    "import { fetchDocument } from '../../functions/shared/http/fetch-document.ts'",
  ],
  [
    'local/alb imports nothing of this project',
    (file, { isOwn, target }) => !isBelow(file.path, 'local/alb') || !isOwn || isBelow(target, 'local/alb'),
    'local/alb/x.ts',
    "import { listen } from '../listening.ts'",
  ],
  [
    'local/alb imports no package',
    (file, { isOwn, target }) => !isBelow(file.path, 'local/alb') || isOwn || target.startsWith('node:'),
    'local/alb/x.ts',
    "import { jwtVerify } from 'jose'",
  ],
  [
    'a function imports itself and shared only',
    (file, { isOwn, target }) => {
      const own = functionOf(file.path)
      return (
        own === undefined ||
        !isOwn ||
        isBelow(target, `functions/${own}`) ||
        isBelow(target, 'functions/shared')
      )
    },
    'functions/runs/x.ts',
    "import type { App } from '../console/app.ts'",
  ],
  [
    'adapters are chosen in handlers only',
    (file, { target }) =>
      isAdapter(file.path) ||
      !isAdapter(target) ||
      /^functions\/[^/]+\/([a-z]+-)?handler\.ts$/.test(file.path),
    'functions/runs/app.ts',
    "const f = () => import('../shared/stores/s3/object-store.ts')",
  ],
  [
    'shared code knows no single function',
    (file, { target }) =>
      !isBelow(file.path, 'functions/shared') ||
      !isBelow(target, 'functions') ||
      isBelow(target, 'functions/shared'),
    'functions/shared/x.ts',
    "export { createRunsApp } from '../runs/app.ts'",
  ],
  [
    'only the adapters of AWS import its SDK, among the functions',
    (file, one) => !isBelow(file.path, 'functions') || !isAws(one) || isAdapter(file.path),
    'functions/runs/x.ts',
    "import { S3Client } from '@aws-sdk/client-s3'",
  ],
  [
    'lib and local speak to AWS without its SDK',
    (file, one) => isBelow(file.path, 'functions') || isBelow(file.path, 'cli') || !isAws(one),
    'lib/x.ts',
    "import { S3Client } from '@aws-sdk/client-s3'",
  ],
  [
    'flyte-token asks AWS for a secret in one file and for a token in another',
    (file, one) =>
      !isBelow(file.path, 'cli') ||
      !isAws(one) ||
      (file.path === 'cli/flyte-token/client-secret.ts' &&
        one.target === '@aws-sdk/client-secrets-manager') ||
      (file.path === 'cli/flyte-token/service/aws.ts' && one.target === '@aws-sdk/client-sts'),
    'cli/flyte-token/x.ts',
    "import { STSClient } from '@aws-sdk/client-sts'",
  ],
  [
    'only lib and bin/app.ts import the CDK',
    (file, one) => !isCdk(one) || isBelow(file.path, 'lib') || file.path === 'bin/app.ts',
    'functions/runs/x.ts',
    "import { Stack } from 'aws-cdk-lib'",
  ],
  [
    'functions use the small zod',
    (file, { target }) =>
      !isBelow(file.path, 'functions') || packageOf(target) !== 'zod' || target === 'zod/mini',
    'functions/shared/x.ts',
    "import * as z from 'zod'",
  ],
  [
    'code for the browser imports no module that is for Lambda',
    (file, { isOwn, isType, target }) =>
      !isBelow(file.path, BROWSER_CODE) ||
      (isOwn && (isType || isBelow(target, BROWSER_CODE) || isForBoth(target))),
    'functions/console/client/x.ts',
    "import { createHash } from 'node:crypto'",
  ],
  [
    'nothing imports a test',
    (_file, { target }) => !isBelow(target, 'test'),
    'functions/runs/x.ts',
    "import { albEvent } from '../../test/support/alb-event.ts'",
  ],
  [
    'every import can be read without running the code',
    (_file, { target }) => target !== '(computed)',
    'functions/runs/x.ts',
    'const f = (name: string) => import(name)',
  ],
]

/** A file that imports nothing of Node's, directly or through others: it runs in a browser as well. */
function isForBoth(path: string): boolean {
  const file = files.find((one) => one.path === path)
  return file?.imports.every(({ isOwn, isType, target }) => isType || (isOwn && isForBoth(target))) === true
}

describe('the rules of who imports whom', () => {
  it('are about files that were found', () => expect(files.length).toBeGreaterThan(200))

  for (const [name, allows, path, code] of rules) {
    it(`${name}`, () => {
      expect(broken(allows)).toEqual([])
      expect(broken(allows, [parseText(path, code)])).toHaveLength(1)
    })
  }

  it('the route table imports nothing', () => {
    expect(files.find(({ path }) => path === ROUTE_TABLE)?.imports).toEqual([])
  })

  it('every import of ours leads to a file', () => {
    const known = new Set([...files, ...tests].map(({ path }) => path))
    const assets = /\.css(?:\?browser)?$|\?browser$|\.json$|\.mjs$/
    const leads: Rule = (_file, { isOwn, target }) => !isOwn || known.has(target) || assets.test(target)
    expect(broken(leads, [...files, ...tests])).toEqual([])
  })

  it('functions run on declared dependencies only', () => {
    const { dependencies } = packageJson()
    const declared: Rule = (file, { isOwn, isType, target }) =>
      !isBelow(file.path, 'functions') ||
      isOwn ||
      isType ||
      target.startsWith('node:') ||
      packageOf(target) in dependencies
    expect(broken(declared)).toEqual([])
  })

  it('everything else is declared as well', () => {
    const { dependencies, devDependencies } = packageJson()
    const declared: Rule = (_file, { isOwn, isType, target }) => {
      const name = packageOf(target)
      // The types of Lambda's events are in a package of another name.
      const known = { ...dependencies, ...devDependencies, ...(isType ? { 'aws-lambda': '' } : {}) }
      return isOwn || target.startsWith('node:') || name in known || target === '(computed)'
    }
    expect(broken(declared, [...files, ...tests])).toEqual([])
  })

  it('no file runs into itself through its imports', () => {
    const needs = new Map(
      files.map(({ path, imports }) => [
        path,
        imports.filter((one) => one.isOwn && !one.isType).map((one) => one.target),
      ]),
    )
    const cycles: string[] = []
    const done = new Set<string>()
    const visit = (path: string, trail: readonly string[]) => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      if (done.has(path) || trail.includes(path)) return
      for (const next of needs.get(path) ?? []) visit(next, [...trail, path])
      done.add(path)
    }
    for (const path of needs.keys()) visit(path, [])
    expect(cycles).toEqual([])
  })
})
