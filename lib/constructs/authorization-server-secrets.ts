import { RemovalPolicy, SecretValue } from 'aws-cdk-lib'
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import type { Settings } from '../settings/settings.ts'

/**
 * The secrets of our own authorization server, made here or existing: its signing keys, and the hashes of its
 * clients' secrets. Both begin as an empty document, so that no key and no secret is ever in a template; what they
 * hold is made by the rotation and by the operator. With `signing: kms` there is a key that never leaves KMS instead
 * of the first.
 *
 * All of it is kept when the stack goes: without the keys, every token that is still in use is worth nothing.
 */
export class AuthorizationServerSecrets extends Construct {
  readonly signingKeysSecret: string | null
  readonly signingKmsKeys: readonly string[] | undefined
  readonly clientSecretsSecret: string

  constructor(scope: Construct, id: string, { name, auth, secrets }: Settings) {
    super(scope, id)
    const { signing, signingKmsKeys } = auth.appAuth.selfAuthServer
    this.signingKmsKeys = signing === 'kms' ? (signingKmsKeys ?? [this.createKey(name)]) : undefined
    this.signingKeysSecret =
      signing === 'kms' ? null : (secrets.signingKeys.name ?? this.createSigningKeys(name))
    this.clientSecretsSecret =
      secrets.clientSecrets.name ??
      this.create('ClientSecrets', {
        description: `Hashes of the secrets of the clients of ${name}: JSON with the id of each client as key`,
        rotation: 'A client has its secret elsewhere too, so the operator decides when it changes.',
      })
  }

  private createSigningKeys(deployment: string): string {
    return this.create('SigningKeys', {
      description: `The keys that ${deployment} signs its tokens with`,
      rotation: 'The function rotate-keys changes the keys, in steps that a managed rotation does not have.',
    })
  }

  private create(id: string, { description, rotation }: { description: string; rotation: string }): string {
    const secret = new Secret(this, id, {
      description,
      secretStringValue: SecretValue.unsafePlainText('{}'),
      removalPolicy: RemovalPolicy.RETAIN,
    })
    acknowledge(secret, 'SMG4', rotation)
    return secret.secretArn
  }

  private createKey(deployment: string): string {
    const key = new Key(this, 'SigningKey', {
      description: `Signs the tokens of ${deployment}`,
      keySpec: KeySpec.RSA_2048,
      keyUsage: KeyUsage.SIGN_VERIFY,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    return key.keyArn
  }
}
