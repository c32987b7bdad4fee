/** What has to hold for the route table, whatever is in it. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  ACCESS_CLASSES,
  ALL_ROUTES,
  type Route,
  routesFor,
  routesOf,
  tokenProxyPathPatterns,
} from '../../functions/shared/routes.ts'
import { idlServices } from '../support/idl.ts'
import { ROOT } from './sources.ts'

const routes: readonly Route[] = ALL_ROUTES
const services = await idlServices()
const nameOf = (route: Route) => (route.kind === 'path' ? route.path : route.service)
const folders = readdirSync(join(ROOT, 'functions'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'shared')
  .map((entry) => entry.name)

describe('the route table', () => {
  it('has one owner for everything in it', () => {
    const names = routes.map(nameOf)
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  })

  it('has no path that a service would answer as well', () => {
    const prefixes = routes.filter(({ kind }) => kind === 'service').map((route) => `/${nameOf(route)}/`)
    const paths = routes.filter(({ kind }) => kind === 'path').map(nameOf)
    expect(paths.filter((path) => prefixes.some((prefix) => `${path}/`.startsWith(prefix)))).toEqual([])
  })

  for (const route of routes) {
    describe(nameOf(route), () => {
      it('may be reached in a known way, and each way once', () => {
        expect(route.access.length).toBeGreaterThan(0)
        expect(ACCESS_CLASSES).toEqual(expect.arrayContaining([...route.access]))
        expect(new Set(route.access).size).toBe(route.access.length)
      })

      it('is not internal and public at once', () => {
        expect(route.access.includes('internal') && route.access.length > 1).toBe(false)
      })

      if (route.kind === 'service') {
        it('is a service that exists', () => expect(services.has(route.service)).toBe(true))
      } else {
        it('is one path: no pattern but whole segments, no encoding, no trailing slash', () => {
          expect(route.path).toMatch(/^\/[A-Za-z0-9._-]+(?:\/(?:[A-Za-z0-9._-]+|\{[a-z]+\}))*$/)
        })

        it('answers some methods, each named once', () => {
          expect(route.methods.length).toBeGreaterThan(0)
          expect(new Set(route.methods).size).toBe(route.methods.length)
        })

        it('is below the group it is in', () => {
          const isInGroup =
            route.group === undefined ||
            route.path === route.group ||
            route.path.startsWith(`${route.group}/`)
          expect(isInGroup).toBe(true)
        })
      }
    })
  }

  it('gives every route to exactly one function', () => {
    const names = [...new Set(routes.map((route) => route.function))]
    expect(names.flatMap((name) => routesOf(name))).toHaveLength(routes.length)
  })

  it('asks for a token at the end of every path of the token proxy', () => {
    expect(tokenProxyPathPatterns('/auth').every((pattern) => /^\/auth\/(?:\*\/)?token$/.test(pattern))).toBe(
      true,
    )
  })
})

describe('the routes of a deployment', () => {
  const own = routesFor({ authServerType: 'Self', browserAuth: 'service' })
  const alb = routesFor({ authServerType: 'External', browserAuth: 'alb' })

  it('have nothing behind authenticate-oidc where the deployment signs browsers in itself', () => {
    expect(own.filter(({ access }) => access.includes('oidc'))).toEqual([])
    expect(own.map(nameOf)).toEqual(expect.arrayContaining(['/login', '/callback', '/logout', '/me']))
  })

  it('keep the internal services internal in every mode', () => {
    for (const table of [own, alb]) {
      const internal = table.filter(({ access }) => access.includes('internal')).map(nameOf)
      expect(internal).toEqual(['flyteidl2.actions.ActionsService', 'flyteidl2.workflow.InternalRunService'])
    }
  })

  it('have no sign-in and no authorization server of their own unless asked for', () => {
    expect(alb.filter((route) => ['login', 'authorization-server'].includes(route.function))).toEqual([])
  })

  it('are together every route that there is', () => {
    expect(own.map(nameOf).sort()).toEqual(routes.map(nameOf).sort())
  })
})

describe('the folder of a function', () => {
  it('exists for every function that the public can reach', () => {
    const reachable = routes
      .filter(({ access }) => !access.includes('internal'))
      .map((route) => route.function)
    expect([...new Set(reachable)].filter((name) => !folders.includes(name))).toEqual([])
  })

  for (const name of folders) {
    it(`${name} is of a function in the route table`, () => {
      expect(routes.map((route) => route.function)).toContain(name)
    })

    it(`${name} has a handler and an app`, () => {
      for (const file of ['handler.ts', 'app.ts'])
        expect(existsSync(join(ROOT, 'functions', name, file))).toBe(true)
    })
  }
})
