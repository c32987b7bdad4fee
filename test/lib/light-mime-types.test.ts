import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { lightMimeTypes } from '../../lib/light-mime-types.ts'

/** What the web framework under the authorization server's engine asks, in a bundle as it is deployed. */
async function bundled(plugins = [lightMimeTypes]): Promise<{ text: string; answers: unknown }> {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { contentType } from 'mime-types'
        import typeis from 'type-is'
        export const answers = {
          types: ['json', 'html', 'text', 'bin', 'application/jwt'].map((name) => contentType(name)),
          form: typeis.is('application/x-www-form-urlencoded; charset=utf-8', ['application/x-www-form-urlencoded']),
          json: typeis.is('application/json', ['json']),
          other: typeis.is('application/xml', ['json', 'urlencoded']),
        }`,
      resolveDir: 'node_modules/koa',
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    banner: { js: "import{createRequire}from'node:module';const require=createRequire('/');" },
    write: false,
    plugins,
  })
  const text = outputFiles[0]?.text ?? ''
  const module = await import(`data:text/javascript,${encodeURIComponent(text)}`)
  return { text, answers: module.answers }
}

describe('a bundle with few media types', () => {
  it('says of those the same as one with all of them', async () => {
    const [few, all] = await Promise.all([bundled(), bundled([])])
    expect(few.answers).toEqual(all.answers)
    expect(few.answers).toMatchObject({
      form: 'application/x-www-form-urlencoded',
      json: 'json',
      other: false,
    })
    expect(few.text.length).toBeLessThan(all.text.length / 3)
  })
})
