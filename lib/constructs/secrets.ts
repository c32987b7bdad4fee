import { RemovalPolicy, SecretValue } from 'aws-cdk-lib'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import type { Settings } from '../settings/settings.ts'

/** Unpadded base64 of 64 and of 32 bytes: what Flyte's cookie codec expects as hash key and block key. */
const COOKIE_HASH_KEY_LENGTH = 86
const COOKIE_BLOCK_KEY_LENGTH = 43

export interface SecretsProps {
  /** Starts the names of the secrets that are made here. */
  readonly deployment: string
  readonly settings: Settings['secrets']
}

/**
 * The secrets of a deployment, made here or existing. Nothing in the template is a secret: the load balancer's client
 * secret is a reference that CloudFormation resolves when it creates or changes the rule.
 *
 * Kept when the stack goes, and without fixed names, so that a stack made anew does not collide with what was kept.
 */
export class Secrets extends Construct {
  /** The reference to the OIDC client secret, for authenticate-oidc. */
  readonly oidcClientSecret: string
  /** The name or ARN of the secret that has to hold the OIDC client secret. */
  readonly oidcClientSecretName: string
  /** Where the two cookie keys are: one existing secret with both, or two that are made here. */
  readonly cookieKeyNames: readonly string[]

  constructor(scope: Construct, id: string, props: SecretsProps) {
    super(scope, id)
    const { name, key, plainText, versionId } = props.settings.oidcClientSecret
    this.oidcClientSecretName = name ?? this.createClientSecret(props.deployment, key)
    this.oidcClientSecret = SecretValue.secretsManager(this.oidcClientSecretName, {
      // A new version is the only change that makes CloudFormation resolve the reference again.
      ...(versionId === undefined ? {} : { versionId }),
      ...(plainText && name !== undefined ? {} : { jsonField: key }),
    }).unsafeUnwrap()
    const existingKeys = props.settings.cookieKeys.name
    this.cookieKeyNames =
      existingKeys === undefined ? this.createCookieKeys(props.deployment) : [existingKeys]
  }

  private createClientSecret(deployment: string, key: string): string {
    const secret = new Secret(this, 'OidcClientSecret', {
      description: `The OIDC client secret of ${deployment}: JSON with the key ${key}. Replace the random first value.`,
      generateSecretString: {
        secretStringTemplate: '{}',
        generateStringKey: key,
        passwordLength: 64,
        excludePunctuation: true,
      },
      removalPolicy: RemovalPolicy.RETAIN,
    })
    acknowledge(
      secret,
      'SMG4',
      'The identity provider issues this secret; it is replaced there first, then here.',
    )
    return secret.secretArn
  }

  /**
   * Secrets Manager makes letters and digits, not base64 of random bytes. Letters and digits are base64 characters
   * too, and the lengths are those of 64 and 32 bytes without padding, so what decodes is a key of the right size: 62
   * of 64 symbols a place, 5.95 of 6 bits, hence at least 508 and 253 bits of entropy. (The unused low bits of the
   * last character are not zero; Flyte's decoder and Node's ignore them.)
   */
  private createCookieKeys(deployment: string): string[] {
    return [
      this.createCookieKey('CookieHashKey', `cookie_hash_key of ${deployment}`, COOKIE_HASH_KEY_LENGTH),
      this.createCookieKey('CookieBlockKey', `cookie_block_key of ${deployment}`, COOKIE_BLOCK_KEY_LENGTH),
    ]
  }

  private createCookieKey(id: string, purpose: string, passwordLength: number): string {
    const secret = new Secret(this, id, {
      description: `The ${purpose}, unpadded base64`,
      generateSecretString: { passwordLength, excludePunctuation: true },
      removalPolicy: RemovalPolicy.RETAIN,
    })
    acknowledge(secret, 'SMG4', 'A new key ends every session, so the operator decides when it is replaced.')
    return secret.secretArn
  }
}
