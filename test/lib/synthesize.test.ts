import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { bundleFunctions } from '../../lib/bundling.ts'
import { synthesize } from '../../lib/synthesize.ts'
import { documentWith, settingsWith } from './fixtures.ts'

const PROJECT = join(import.meta.dirname, '../..')

let root: string

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'synthesize-'))
  for (const name of ['metadata', 'runs', 'console']) {
    mkdirSync(join(root, 'source', name), { recursive: true })
    writeFileSync(join(root, 'source', name, 'handler.ts'), `export const handler = () => '${name}'`)
  }
})

afterAll(() => rmSync(root, { recursive: true }))

describe('synthesizing in process', () => {
  it('gives the template, and for each function its resource and the folder with its code', async () => {
    const bundles = await bundleFunctions({ source: join(root, 'source'), outdir: join(root, 'bundles') })
    const result = await synthesize(settingsWith(), { outdir: join(root, 'out'), bundles })
    const resources = result.template.Resources as Record<
      string,
      { Type: string; Properties: { FunctionName: string } }
    >
    expect(result).toMatchObject({ stackName: 'flyte-serverless', region: 'eu-west-1' })
    expect(result.functions.map(({ name }) => name)).toEqual(['metadata', 'runs', 'console'])
    for (const { name, logicalId, codeDirectory } of result.functions) {
      expect(resources[logicalId]).toMatchObject({
        Type: 'AWS::Lambda::Function',
        Properties: { FunctionName: `flyte-${name}` },
      })
      expect(codeDirectory).toBe(join(root, 'bundles', name))
    }
  })
})

describe('bin/app.ts', () => {
  const run = (settingsFile: string) =>
    promisify(execFile)(process.execPath, ['bin/app.ts'], {
      cwd: PROJECT,
      env: { PATH: process.env.PATH, FLYTE_YAML: settingsFile, CDK_OUTDIR: join(root, 'cdk.out') },
    })

  it('lists the problems of the settings and fails, without a stack trace', async () => {
    const file = join(root, 'broken.yaml')
    writeFileSync(file, stringify(documentWith({ aws: { region: 'Ireland' }, colour: 'red' })))
    const failure = await run(file).catch((error: { code: number; stderr: string }) => error)
    expect(failure).toMatchObject({ code: 1 })
    expect(failure.stderr.trim().split('\n')).toEqual([
      `${file} has 2 problems:`,
      expect.stringContaining('aws.region: must be the region to deploy to'),
      expect.stringContaining('colour: is not a setting'),
    ])
  })
})
