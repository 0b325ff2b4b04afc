// As much of a document as the pages' parts need: elements with texts, attributes, children and listeners.

class Element {
  constructor() {
    Object.assign(this, { children: [], attributes: {}, listeners: {}, textContent: "", hidden: false, firstChild: { checked: false } });
    const classes = new Set();
    this.classList = {
      add: (name) => classes.add(name),
      contains: (name) => classes.has(name),
      toggle: (name, on) => (on ? classes.add(name) : classes.delete(name)),
    };
  }

  append(...children) {
    this.children.push(...children);
  }

  replaceChildren(...children) {
    this.children = children;
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  getContext() {
    return { putImageData() {} };
  }

  addEventListener(kind, listener) {
    this.listeners[kind] = listener;
  }

  querySelectorAll() {
    return [new Element(), new Element()];
  }

  select() {}
}

const byId = new Map();

/** The element with that id, made when it is first asked for. */
export function element(id) {
  if (!byId.has(id)) byId.set(id, new Element());
  return byId.get(id);
}

globalThis.document = { createElement: () => new Element(), getElementById: element };

/** All texts below an element, in order. */
export const texts = ({ textContent, children }) => [textContent, ...children.filter((child) => child instanceof Element).flatMap(texts)].filter(Boolean);
