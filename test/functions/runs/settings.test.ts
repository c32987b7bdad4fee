import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Clients, type RunsFunction, startRunsFunction } from './runs-function.ts'

let service: RunsFunction
let ada: Clients
const key = (domain = '', project = '') => ({ org: '', domain, project })
const VALUE = 2
const UNSET = 1
const queue = (stringValue: string, state = VALUE) => ({ run: { defaultQueue: { state, stringValue } } })

beforeAll(async () => {
  service = await startRunsFunction()
  ada = service.clients(await service.bearer('ada'))
})
afterAll(() => service.close())

describe('settings', () => {
  it('are empty where nobody set any', async () => {
    const at = key('production', 'sandbox')
    const { settingsRecord } = await ada.settings.getSettings({ key: at })
    expect(settingsRecord).toMatchObject({ key: at, version: 0n })
    const { levels } = await ada.settings.getSettingsForEdit({ key: at })
    expect(levels.map((level) => [level.key?.domain, level.key?.project, level.version])).toEqual([
      ['', '', 0n],
      ['production', '', 0n],
      ['production', 'sandbox', 0n],
    ])
  })

  it('hold for the levels below, unless those say otherwise', async () => {
    const labels = { state: VALUE, mapValue: { entries: { team: 'blue' } } }
    const made = await ada.settings.createSettings({ key: key(), settings: { ...queue('all'), labels } })
    expect(made.settingsRecord?.version).toBe(1n)
    await ada.settings.createSettings({ key: key('development'), settings: queue('fast') })
    const own = { ...queue('', UNSET), labels: { state: 0 } }
    await ada.settings.createSettings({ key: key('development', 'flytesnacks'), settings: own })
    const get = async (domain: string, project = '') =>
      (await ada.settings.getSettings({ key: key(domain, project) })).settingsRecord?.settings
    expect(await get('production')).toMatchObject({
      run: { defaultQueue: { stringValue: 'all', scopeLevel: 0 } },
    })
    expect(await get('development')).toMatchObject({
      run: { defaultQueue: { stringValue: 'fast', scopeLevel: 1 } },
    })
    expect(await get('development', 'flytesnacks')).toMatchObject({
      run: { defaultQueue: { state: UNSET, scopeLevel: 2 } },
      labels: { mapValue: { entries: { team: 'blue' } }, scopeLevel: 0 },
    })
    const { levels } = await ada.settings.getSettingsForEdit({ key: key('development') })
    expect(levels).toMatchObject([
      { version: 1n, settings: { run: { defaultQueue: { stringValue: 'all' } } } },
      { version: 1n, settings: { run: { defaultQueue: { stringValue: 'fast' } } } },
    ])
  })

  it('are updated by who knows their version, once', async () => {
    const at = key('production', 'flytesnacks')
    await ada.settings.createSettings({ key: at, settings: queue('one') })
    const update = (value: string, version: bigint) =>
      ada.settings.updateSettings({ key: at, settings: queue(value), version })
    expect((await update('two', 1n)).settingsRecord?.version).toBe(2n)
    await expect(update('three', 1n)).rejects.toMatchObject({ code: 10 })
    expect(service.lastCall()?.outcome).toBe('document_changed')
    await expect(ada.settings.createSettings({ key: at, settings: queue('x') })).rejects.toMatchObject({
      code: 6,
    })
    expect(service.lastCall()?.outcome).toBe('settings_exist')
  })

  const refused: [string, Parameters<Clients['settings']['createSettings']>[0], number][] = [
    ['no key', { settings: {} }, 3],
    ['no settings', { key: key('development') }, 3],
    ['a project without its domain', { key: key('', 'flytesnacks'), settings: {} }, 3],
    ['another domain', { key: key('nowhere'), settings: {} }, 3],
    ['a project that there is none of', { key: key('development', 'nothing'), settings: {} }, 5],
  ]
  for (const [title, request, code] of refused) {
    it(`are refused with ${title}`, async () => {
      await expect(ada.settings.createSettings(request)).rejects.toMatchObject({ code })
    })
  }
})
