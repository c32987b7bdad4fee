import { describe, expect, it } from 'vitest'
import { html } from '../../../../functions/shared/html/html.ts'

describe('a template of HTML', () => {
  it('escapes what could end text or an attribute', () => {
    const value = `<>&"'`
    expect(html`<p title="${value}">${value}</p>`.toString()).toBe(
      '<p title="&lt;&gt;&amp;&quot;&#39;">&lt;&gt;&amp;&quot;&#39;</p>',
    )
  })

  it('takes other templates as they are, one or many', () => {
    const items = ['<a>', 'b'].map((text) => html`<li>${text}</li>`)
    expect(html`<ul>${items}</ul>${html`<hr>`}`.toString()).toBe('<ul><li>&lt;a&gt;</li><li>b</li></ul><hr>')
  })

  it('shows numbers, and nothing for undefined', () => {
    expect(html`${0}|${undefined}|${''}`.toString()).toBe('0||')
  })

  it('does not escape twice, and does not unescape', () => {
    expect(html`${html`${'&lt;'}`}`.toString()).toBe('&amp;lt;')
  })
})
