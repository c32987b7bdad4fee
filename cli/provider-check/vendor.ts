/** Which product an issuer is, by its address: for the recipe to point at, and for advice that fits. */

export type VendorName =
  | 'okta'
  | 'okta-org'
  | 'google'
  | 'entra'
  | 'auth0'
  | 'keycloak'
  | 'cognito'
  | 'identity-platform'
  | 'other'

export interface Vendor {
  readonly name: VendorName
  /** What it is called. */
  readonly title: string
  /** The recipe, below `docs/identity-providers/`. */
  readonly recipe: string
}

const VENDORS: readonly (Vendor & { readonly issuer: RegExp })[] = [
  {
    name: 'okta',
    title: 'Okta, a custom authorization server',
    recipe: 'okta.md',
    issuer: /^https:\/\/[^/]+\.(okta|okta-emea|oktapreview)\.com\/oauth2\/[^/]+$/,
  },
  {
    name: 'okta-org',
    title: "Okta, the organisation's own authorization server",
    recipe: 'okta.md',
    issuer: /^https:\/\/[^/]+\.(okta|okta-emea|oktapreview)\.com\/?$/,
  },
  {
    name: 'google',
    title: 'Google',
    recipe: 'google.md',
    issuer: /^https:\/\/accounts\.google\.com\/?$/,
  },
  {
    name: 'identity-platform',
    title: 'GCP Identity Platform',
    recipe: 'gcp-identity-platform.md',
    issuer: /^https:\/\/securetoken\.google\.com\//,
  },
  {
    name: 'entra',
    title: 'Microsoft Entra ID',
    recipe: 'microsoft-entra-id.md',
    issuer:
      /^https:\/\/(sts\.windows\.net|login\.microsoftonline\.(com|us)|login\.partner\.microsoftonline\.cn)\//,
  },
  { name: 'auth0', title: 'Auth0', recipe: 'auth0.md', issuer: /^https:\/\/[^/]+\.auth0\.com\/?$/ },
  {
    name: 'cognito',
    title: 'Amazon Cognito',
    recipe: 'amazon-cognito.md',
    issuer: /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\//,
  },
  { name: 'keycloak', title: 'Keycloak', recipe: 'keycloak.md', issuer: /\/realms\/[^/]+$/ },
]

const OTHER: Vendor = { name: 'other', title: 'an OpenID provider', recipe: 'README.md' }

/** The product behind an issuer; `other` where the address does not say. Custom domains hide it. */
export function vendorOf(issuer: string): Vendor {
  const { name, title, recipe } = VENDORS.find((vendor) => vendor.issuer.test(issuer)) ?? OTHER
  return { name, title, recipe }
}
