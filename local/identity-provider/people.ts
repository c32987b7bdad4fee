/** The people of the local identity provider: who a developer can sign in as. */

/** A person that the local identity provider knows. */
export interface Person {
  /** The subject in every token, and the name that `npm run token` takes. */
  readonly id: string
  readonly givenName: string
  readonly familyName: string
  readonly email: string
}

export const PEOPLE: readonly Person[] = [
  {
    id: 'ada',
    givenName: 'Ada',
    familyName: 'Lovelace',
    email: 'ada@example.com',
  },
  {
    id: 'grace',
    givenName: 'Grace',
    familyName: 'Hopper',
    email: 'grace@example.com',
  },
]

/** The person with this id; undefined if there is none. */
export function findPerson(id: string): Person | undefined {
  return PEOPLE.find((person) => person.id === id)
}

/** Given and family name, as they are shown. */
export function fullName(person: Person): string {
  return `${person.givenName} ${person.familyName}`
}

/** The path of a person's picture on the provider. */
export function picturePath(person: Person): string {
  return `/people/${person.id}.svg`
}

/**
 * What userinfo and an ID token say of a person (OpenID Connect Core, 5.1).
 *
 * @param issuer The provider's own URL, which the picture is served from.
 */
export function claimsOf(person: Person, issuer: string): { sub: string } & Record<string, string | boolean> {
  return {
    sub: person.id,
    name: fullName(person),
    given_name: person.givenName,
    family_name: person.familyName,
    preferred_username: person.id,
    picture: `${issuer}${picturePath(person)}`,
    email: person.email,
    email_verified: true,
  }
}
