import { CfnOutput } from 'aws-cdk-lib'
import { Construct } from 'constructs'
import { CALLBACK_PATH } from '../listener-rules.ts'
import type { SignInSecrets } from '../settings/function-settings.ts'
import type { Settings } from '../settings/settings.ts'
import type { AuthorizationServerSecrets } from './authorization-server-secrets.ts'
import type { FrontDoor } from './front-door.ts'
import type { Secrets } from './secrets.ts'
import type { Tables } from './tables.ts'

export interface OutputsProps {
  readonly settings: Settings
  readonly door: FrontDoor
  readonly tables: Tables
  readonly secrets: Secrets
  /** The secrets of our own authorization server; undefined where the provider is it. */
  readonly authorizationServer: AuthorizationServerSecrets | undefined
  /** `s3://bucket/prefix` */
  readonly storagePrefix: string
  /** Where running tasks call; undefined without an internal load balancer. */
  readonly internalDnsName: string | undefined
  /** Undefined where the settings ask for no dashboard. */
  readonly dashboardUrl: string | undefined
}

/** What a person needs after `cdk deploy`: what to register, what to open, what to paste. */
export class Outputs extends Construct {
  constructor(scope: Construct, id: string, props: OutputsProps) {
    super(scope, id)
    const { settings, door, tables, secrets } = props
    const { publicUrl } = settings.resolved
    const client = settings.auth.appAuth.thirdPartyConfig.flyteClient
    this.add(
      'CallbackUrls',
      callbackUrls(settings).join('\n'),
      'Register at the provider for the web client (one a line)',
    )
    if (secrets.signIn !== undefined) this.addSignIn(publicUrl, secrets.signIn)
    if (props.authorizationServer === undefined) {
      this.add(
        'ClientCallbackUrl',
        client.redirectUri,
        'Register at the provider for the public client of SDK and CLI',
      )
    } else {
      this.addAuthorizationServer(props.authorizationServer)
    }
    this.add('ConsoleUrl', `${publicUrl}/v2`, 'Open in a browser')
    this.add('ClientConfig', clientConfig(publicUrl), 'Save as ~/.flyte/config.yaml')
    if (secrets.oidcClientSecretName !== undefined) {
      this.add(
        'OidcClientSecretName',
        secrets.oidcClientSecretName,
        'The secret that must hold the OIDC client secret',
      )
    }
    this.add('RunsTable', tables.runs.tableName, 'Runs, actions, tasks and projects')
    this.add('AuthTable', tables.auth.tableName, 'Short-lived results of signing in')
    this.add('StoragePrefix', props.storagePrefix, 'Inputs and code bundles of runs')
    if (props.internalDnsName !== undefined) this.addInternal(props.internalDnsName, settings.internal)
    if (props.dashboardUrl !== undefined) {
      this.add('DashboardUrl', props.dashboardUrl, 'Everything that this deployment counts, and its alarms')
    }
    if (door.dnsName !== undefined) {
      this.add(
        'LoadBalancerDnsName',
        door.dnsName,
        'Point the name here if no hosted zone is in the settings',
      )
    }
  }

  private addSignIn(publicUrl: string, { cookieKeyNames }: SignInSecrets): void {
    this.add('PostLogoutUrl', `${publicUrl}/logout`, 'Register at the provider as post-logout redirect')
    this.add(
      'BackchannelLogoutUrl',
      `${publicUrl}/backchannel-logout`,
      'Register at the provider, if it can tell of sign-outs',
    )
    this.add('CookieKeyNames', cookieKeyNames.join('\n'), 'The secrets with the keys of session cookies')
  }

  private addAuthorizationServer({ clientSecretsSecret, ...keys }: AuthorizationServerSecrets): void {
    this.add(
      'ClientSecretsName',
      clientSecretsSecret,
      'The secret that must hold the hashes of the secrets of clients',
    )
    const signing = keys.signingKmsKeys ?? [keys.signingKeysSecret ?? '']
    this.add(
      'SigningKeys',
      signing.join('\n'),
      'The secret with the keys that sign tokens, or the keys in KMS',
    )
  }

  private addInternal(dnsName: string, { protocol }: Settings['internal']): void {
    this.add(
      'InternalLoadBalancerDnsName',
      dnsName,
      `The name, with private addresses, that running tasks call over ${protocol.toLowerCase()}`,
    )
  }

  private add(name: string, value: string, description: string): void {
    new CfnOutput(this, name, { value, description }).overrideLogicalId(name)
  }
}

/**
 * Where the provider sends people back to: to the load balancer on every host, or to the login function, which sends
 * people away from the first host alone. Wildcard hosts have none: a provider takes exact URLs only.
 */
export function callbackUrls({ auth, ingress, resolved }: Settings): string[] {
  if (ingress.browserAuth === 'service') return [`${resolved.publicUrl}/callback`]
  return auth.authorizedUris.filter((uri) => !uri.includes('*')).map((uri) => `${uri}${CALLBACK_PATH}`)
}

/** The configuration file of a Flyte client that signs its user in through a browser. */
export function clientConfig(publicUrl: string): string {
  const { host, protocol } = new URL(publicUrl)
  return `admin:\n  endpoint: dns:///${host}\n  insecure: ${protocol === 'http:'}\n  authType: Pkce\n`
}
