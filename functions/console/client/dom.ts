/** Elements made in code. Text only ever becomes text: nothing here, or anywhere in this script, parses markup. */

export type Child = Node | string | undefined

type Attributes = Readonly<Record<string, string | boolean | undefined>>

/** Makes an element. An attribute that is undefined or false is left out; true is an attribute without a value. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : value)
  }
  made.append(...children.filter((child) => child !== undefined))
  return made
}

/** A button that does something. */
export function button(label: string, className: string, onClick: () => void): HTMLButtonElement {
  const made = element('button', { type: 'button', class: className }, label)
  made.addEventListener('click', onClick)
  return made
}

/** An element of the page by its id. @throws {TypeError} if the page has no such element. */
export function byId<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new TypeError(`the page has no ${type.name} called ${id}`)
  return found
}
