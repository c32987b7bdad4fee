/** The settings of what tasks use: the secrets of projects, and the logs of tasks. */
import { describe, expect, it } from 'vitest'
import { problemPathsOf, settingsWith, type Tree } from '../fixtures.ts'

const logs = (change: Tree): Tree => ({ runs: { logs: { group: '/flyte/tasks', ...change } } })
const STREAM = '{project}/{domain}/{run}/{action}/{attempt}'

describe('the prefix of secrets', () => {
  it('is the name of the stack unless another one is given', () => {
    expect(settingsWith({ name: 'ml' }).resolved.secretPrefix).toBe('ml-serverless/secrets')
    expect(settingsWith({ runs: { secretPrefix: 'team.a/flyte' } }).resolved.secretPrefix).toBe(
      'team.a/flyte',
    )
  })

  for (const secretPrefix of ['', '/flyte', 'flyte/', 'flyte//a', 'flyte*', 'a b', 'x'.repeat(65), 'a/?/b']) {
    it(`is not ${JSON.stringify(secretPrefix)}`, () => {
      expect(problemPathsOf({ runs: { secretPrefix } })).toEqual(['runs.secretPrefix'])
    })
  }

  const own: [what: string, secrets: Tree, secretPrefix: string][] = [
    ['the client secret', { oidcClientSecret: { name: 'flyte/oidc' } }, 'flyte'],
    ['the cookie keys', { cookieKeys: { name: 'flyte/secrets/keys' } }, 'flyte/secrets'],
    [
      'a secret that is named by its ARN',
      { cookieKeys: { name: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:flyte/keys-AbCdEf' } },
      'flyte',
    ],
  ]
  for (const [what, secrets, secretPrefix] of own) {
    it(`is not above ${what} of the deployment`, () => {
      const signedIn = { secrets, ingress: { browserAuth: 'service' } }
      expect(problemPathsOf({ ...signedIn, runs: { secretPrefix } })).toEqual(['runs.secretPrefix'])
      expect(problemPathsOf({ ...signedIn, runs: { secretPrefix: 'fly' } })).toEqual([])
    })
  }

  for (const key of ['signingKeys', 'clientSecrets']) {
    it(`is not above the ${key} of its authorization server`, () => {
      const self = {
        auth: { appAuth: { authServerType: 'Self' } },
        secrets: { [key]: { name: 'flyte/keys' } },
      }
      expect(problemPathsOf({ ...self, runs: { secretPrefix: 'flyte' } })).toContain('runs.secretPrefix')
      expect(problemPathsOf({ ...self, runs: { secretPrefix: 'fly' } })).not.toContain('runs.secretPrefix')
    })
  }
})

describe('the logs of tasks', () => {
  it('are named by run, action and attempt unless the settings say otherwise', () => {
    expect(settingsWith(logs({})).runs.logs).toEqual({ group: '/flyte/tasks', stream: STREAM })
    expect(settingsWith().runs.logs).toBeUndefined()
  })

  for (const stream of [`tasks/${STREAM}`, '{pod}', 'jobs/{pod}/{attempt}', STREAM.replaceAll('/', '.')]) {
    it(`may be in ${stream}`, () => expect(problemPathsOf(logs({ stream }))).toEqual([]))
  }

  const refused: [what: string, change: Tree, path: string][] = [
    ['no group', { group: undefined }, 'runs.logs.group'],
    ['a group that is a pattern', { group: '/flyte/*' }, 'runs.logs.group'],
    ['the ARN of a group', { group: 'arn:aws:logs:eu-west-1:123456789012:log-group:a' }, 'runs.logs.group'],
    ['a part that does not exist', { stream: `${STREAM}/{task}` }, 'runs.logs.stream'],
    ['a colon', { stream: `a:${STREAM}` }, 'runs.logs.stream'],
    ['a brace alone', { stream: `{${STREAM}` }, 'runs.logs.stream'],
    ['one stream for all attempts', { stream: '{project}/{domain}/{run}/{action}' }, 'runs.logs.stream'],
    ['one stream for runs of the same name', { stream: '{run}/{action}/{attempt}' }, 'runs.logs.stream'],
  ]
  for (const [what, change, path] of refused) {
    it(`are refused with ${what}`, () => expect(problemPathsOf(logs(change))).toEqual([path]))
  }
})
