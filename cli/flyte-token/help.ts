/** What `flyte-token --help` says. */

export const HELP_TEXT = `Prints a token for Flyte, or for an identity-aware proxy in front of it. The token alone goes to standard
output; everything else to standard error.

  flyte-token user-id-token --client-id ID [options]      a person's, by signing in once
  flyte-token service-account-id-token [options]          a service's own
  flyte-token list [--json]                               what is kept on this machine
  flyte-token logout [--issuer …] [--client-id …] …       forget all of it, or a part

A person
  --issuer URL            the OpenID provider. Default https://accounts.google.com
  --client-id ID          a native client (Google: a desktop client)
  --audience TEXT         whom the token is for, if not the client itself (Google: the client id of the proxy)
  --access-token          print the access token instead of the ID token
  --scopes "A B"          default: openid email profile, and offline_access where the provider has it
  --account TEXT          whose token, where you have several; also a hint to the provider
  --device                sign in with another device, on a machine without a browser
  --port N                listen there for the browser's answer. Default: any free port of 127.0.0.1
  --redirect-uri URL      the same in full, for providers that want it letter by letter
  --no-browser            only say where to sign in

A service: whichever of these is given, or found in this order
  --key-file FILE         the key of a Google service account, or a workload identity configuration
                          (also from GOOGLE_APPLICATION_CREDENTIALS); needs --audience
  --client-id ID          client credentials at --issuer, with a secret; prints the access token
  --web-identity-token-file FILE    a token that the platform renews (also from AWS_WEB_IDENTITY_TOKEN_FILE)
                          in AWS, a token of STS for the role; needs --audience
                          on Google Cloud, one of the metadata server; needs --audience
  --source NAME           one of them: key-file, client-credentials, web-identity-file, aws-sts, gcp-metadata

The secret of a client is never typed. It is in
  --client-secret-id ID   AWS Secrets Manager, by name or ARN; read at most once an hour
  --client-secret-env NAME, --client-secret-file FILE
  --client-secret-key KEY where that is JSON; dots go deeper: installed.client_secret
  --client-auth HOW       basic or post. Default: as the provider says

All
  --json                  the token with its times, as JSON       --decode   what it says, without the token
  --force                 not the one that is kept                --timeout SECONDS   default 300
  --no-keyring            keep it in a file that only you can read, not in the keyring

In the configuration of the Flyte 2 SDK, as the token for Flyte itself:
  admin:
    endpoint: dns:///flyte.example.com
    authType: ExternalCommand
    command: [npx, flyte-token, user-id-token, --issuer, https://id.example.com, --client-id, flyte-cli, --access-token]

In the configuration of flytekit, as a second token for the proxy in front:
  admin:
    endpoint: dns:///flyte.example.com
    authType: Pkce
    proxyCommand: [npx, flyte-token, user-id-token, --client-id, ID, --audience, ID, --client-secret-id, NAME]
`
