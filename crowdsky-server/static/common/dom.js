// The few things the page's parts do with elements. Text comes in as text, never as HTML: it may be a file's name.

export const $ = (id) => document.getElementById(id);

/** An element with a text. */
export const make = (tag, className = "", text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

/** Puts a text into an element, if it is another one: screen readers and layout would notice. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The same for an element that is not seen without a text. */
export function say(id, text) {
  write($(id), text);
  $(id).hidden = text === "";
}
