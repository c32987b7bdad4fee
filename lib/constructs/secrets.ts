import { ArnFormat, RemovalPolicy, SecretValue, Stack, Token } from 'aws-cdk-lib'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import type { SignInSecrets } from '../settings/function-settings.ts'
import type { Settings } from '../settings/settings.ts'

/** Unpadded base64 of 64 and of 32 bytes: what Flyte's cookie codec expects as hash key and block key. */
const COOKIE_HASH_KEY_LENGTH = 86
const COOKIE_BLOCK_KEY_LENGTH = 43

/**
 * The secrets of a deployment, made here or existing. Nothing in the template is a secret: the load balancer's client
 * secret is a reference that CloudFormation resolves when it creates or changes the rule.
 *
 * Kept when the stack goes, and without fixed names, so that a stack made anew does not collide with what was kept.
 */
export class Secrets extends Construct {
  /** The reference to the OIDC client secret, for authenticate-oidc; undefined where no rule has that. */
  readonly oidcClientSecret: string | undefined
  /** The name or ARN of the secret that has to hold the OIDC client secret; undefined for a public client. */
  readonly oidcClientSecretName: string | undefined
  /** What the deployment signs people in with itself; undefined where the load balancer does. */
  readonly signIn: SignInSecrets | undefined

  constructor(scope: Construct, id: string, { name: deployment, secrets, auth, ingress }: Settings) {
    super(scope, id)
    const { name, key, plainText, versionId } = secrets.oidcClientSecret
    const jsonKey = plainText && name !== undefined ? null : key
    if (!auth.userAuth.openId.publicClient)
      this.oidcClientSecretName = name ?? this.createClientSecret(deployment, key)
    const secretName = this.oidcClientSecretName
    if (ingress.browserAuth === 'alb') {
      this.oidcClientSecret = SecretValue.secretsManager(secretName ?? '', {
        // A new version is the only change that makes CloudFormation resolve the reference again.
        ...(versionId === undefined ? {} : { versionId }),
        ...(jsonKey === null ? {} : { jsonField: jsonKey }),
      }).unsafeUnwrap()
      return
    }
    const existingKeys = secrets.cookieKeys.name
    this.signIn = {
      clientSecret: secretName === undefined ? null : { name: secretName, key: jsonKey },
      cookieKeyNames: existingKeys === undefined ? this.createCookieKeys(deployment) : [existingKeys],
    }
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

/**
 * The resource of a permission to read a secret: its ARN, or for a name the ARN that ends with any six characters,
 * because that is what Secrets Manager adds to each name.
 */
export function secretResource(scope: Construct, nameOrArn: string): string {
  if (Token.isUnresolved(nameOrArn) || nameOrArn.startsWith('arn:')) return nameOrArn
  return Stack.of(scope).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: `${nameOrArn}-??????`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
}
