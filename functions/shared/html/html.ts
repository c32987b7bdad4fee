/** HTML that is escaped by construction: whatever is put into a template is text, unless it is HTML already. */

/** A piece of HTML. Only {@link html} makes one, so nothing received can pass for one. */
export class Html {
  readonly #markup: string

  private constructor(markup: string) {
    this.#markup = markup
  }

  /** Joins the literal parts of a template, which are ours, with its values, which are escaped. */
  static fromTemplate(parts: TemplateStringsArray, values: readonly HtmlValue[]): Html {
    return new Html(parts.reduce((markup, part, index) => markup + render(values[index - 1]) + part))
  }

  toString(): string {
    return this.#markup
  }
}

/** What a template takes. Nothing is shown for undefined. */
export type HtmlValue = string | number | undefined | Html | readonly Html[]

/** A template of HTML: `` html`<p title="${title}">${text}</p>` ``. Attributes have to be in double quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return Html.fromTemplate(parts, values)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function render(value: HtmlValue): string {
  if (value === undefined) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'object') return value.join('')
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
