/** The deployment with the secrets of an earlier start, and what keeps those that change while it runs. */
import { join } from 'node:path'
import type { CloudFormationTemplate } from './alb/index.ts'
import type { OnSecretChange } from './aws/secrets-manager.ts'
import { readOrMakeJson, writePrivately } from './data-directory.ts'
import { type Deployment, readDeployment } from './deployment.ts'
import { type ServiceClient, seedServiceClient } from './service-client.ts'
import type { LocalSynthesis } from './synthesis.ts'

export interface KeptDeployment {
  readonly deployment: Deployment
  /** Keeps a secret that was replaced; does nothing without a data folder. */
  readonly keepSecret: OnSecretChange
  /** The service that can get tokens of the deployment's own; undefined where it issues none. */
  readonly service: ServiceClient | undefined
}

/**
 * Reads the deployment out of a template.
 *
 * @param options.dataDirectory Where secrets are kept; undefined makes them anew.
 * @param options.code Other code for functions, by their names.
 * @throws {TemplateError}
 */
export async function readKeptDeployment(options: {
  template: CloudFormationTemplate
  synthesis: LocalSynthesis
  dataDirectory: string | undefined
  code: Readonly<Record<string, string>>
  oidcClientSecret: string | undefined
}): Promise<KeptDeployment> {
  const { template, synthesis, dataDirectory, code, oidcClientSecret } = options
  const fileOf = (name: string) => (dataDirectory === undefined ? null : join(dataDirectory, name))
  const file = fileOf('secrets.json')
  const kept = await readOrMakeJson<Record<string, string>>(file, async () => ({}))
  const secretValues = new Map(Object.entries(kept))
  const deployment = await readDeployment({
    template,
    region: synthesis.region,
    codeDirectories: new Map(
      synthesis.functions.map((one) => [one.logicalId, code[one.name] ?? one.codeDirectory]),
    ),
    secretValues,
    oidcClientSecret,
  })
  const { secrets, client } = await seedServiceClient(deployment, fileOf('service-client.json'))
  const write = async () => {
    if (file !== null) {
      await writePrivately(file, JSON.stringify(Object.fromEntries(secretValues), null, 2))
    }
  }
  await write()
  return {
    deployment: { ...deployment, secrets },
    service: client,
    keepSecret: (name, value) => {
      secretValues.set(name, value)
      return write()
    },
  }
}
