/** What an element is given: text-valued attributes; `true` for one that is just there; listeners by event. */
interface Given {
  attributes?: Readonly<Record<string, string | boolean>>;
  on?: Readonly<Record<string, (event: Event) => void>>;
}

/** Makes an element. Text becomes text nodes: nothing here can turn a name into markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { attributes = {}, on = {} }: Given,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, '');
    else if (value !== false) made.setAttribute(name, value);
  }
  for (const [event, listener] of Object.entries(on)) made.addEventListener(event, listener);
  made.append(...children);
  return made;
}
