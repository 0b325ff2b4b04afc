// A header as a table that can be searched: a thousand rows of it at a time, for there are headers of 70,000 cards.

import { count } from "./facts.js";

/** Rows that are in the page at once. */
export const SHOWN = 1000;

const lower = (text) => (text ?? "").toLowerCase();

/**
 * Places of the cards that have the text in their keyword, value or comment, whatever its case.
 * @param {import("../wasm/header.js").Card[]} cards
 */
export function matching(cards, text) {
  const needle = lower(text.trim());
  const found = [];
  cards.forEach((card, place) => {
    if ([card.keyword, card.value, card.comment].some((part) => lower(part).includes(needle))) found.push(place);
  });
  return found;
}

/** The text in pieces, those that were looked for marked. */
export function pieces(text, needle) {
  const [whole, wanted] = [lower(text), lower(needle.trim())];
  // Some letters have more than one in lower case; then the places do not fit.
  if (wanted === "" || whole.length !== text.length) return [{ text, hit: false }];
  const found = [];
  let at = 0;
  for (let next; (next = whole.indexOf(wanted, at)) >= 0; at = next + wanted.length) {
    if (next > at) found.push({ text: text.slice(at, next), hit: false });
    found.push({ text: text.slice(next, next + wanted.length), hit: true });
  }
  if (at < text.length) found.push({ text: text.slice(at), hit: false });
  return found;
}

export class HeaderTable {
  /** @param {{body: Element, search: HTMLInputElement, told: Element, pages: Element}} parts */
  constructor({ body, search, told, pages }) {
    Object.assign(this, { body, search, told, pages, cards: [], places: [], from: 0 });
    search.addEventListener("input", () => this.find());
    const [before, behind] = pages.querySelectorAll("button");
    before.addEventListener("click", () => this.turn(this.from - SHOWN));
    behind.addEventListener("click", () => this.turn(this.from + SHOWN));
  }

  /** Shows these cards, all of them. */
  show(cards) {
    this.cards = cards;
    this.search.value = "";
    this.find();
  }

  find() {
    this.places = matching(this.cards, this.search.value);
    this.turn(0);
  }

  turn(from) {
    this.from = Math.max(0, from);
    const places = this.places.slice(this.from, this.from + SHOWN);
    this.body.replaceChildren(...places.map((place) => this.row(this.cards[place])));
    this.told.textContent = this.words(places.length);
    this.pages.hidden = this.places.length <= SHOWN;
    const [before, behind] = this.pages.querySelectorAll("button");
    before.disabled = this.from === 0;
    behind.disabled = this.from + SHOWN >= this.places.length;
  }

  words(shown) {
    const [found, all] = [this.places.length, this.cards.length];
    const of = this.search.value.trim() === "" ? `${count(all)} cards` : `${count(found)} of ${count(all)} cards match`;
    return found <= SHOWN ? `${of}.` : `${of}; numbers ${count(this.from + 1)} to ${count(this.from + shown)} of them are listed.`;
  }

  row(card) {
    const row = document.createElement("tr");
    row.id = `card-${card.offset}`;
    row.tabIndex = -1;
    const value = this.cell("td", card.value ?? (card.type === "undefined" ? "no value" : ""));
    value.className = card.value === null ? "muted" : `mono value-${card.type}`;
    const place = this.cell("td", String(card.offset));
    place.className = "num muted";
    row.append(this.cell("th", card.keyword), value, this.cell("td", card.comment), place);
    row.firstChild.scope = "row";
    return row;
  }

  /** A cell in which what was looked for is marked: text nodes only, whatever the file says. */
  cell(kind, text) {
    const cell = document.createElement(kind);
    for (const piece of pieces(text, this.search.value)) {
      if (!piece.hit) cell.append(piece.text);
      else cell.append(Object.assign(document.createElement("mark"), { textContent: piece.text }));
    }
    return cell;
  }

  /** Goes to the card at this byte, or to the first of this keyword; says whether there is one. */
  goTo(offset, keyword) {
    let place = this.cards.findIndex((card) => card.offset === offset && (!keyword || card.keyword === keyword));
    if (place < 0) place = this.cards.findIndex((card) => card.keyword === keyword);
    if (place < 0) return false;
    // What is looked for may hide it; a link goes where it says.
    if (!this.places.includes(place)) {
      this.search.value = "";
      this.find();
    }
    this.turn(Math.floor(this.places.indexOf(place) / SHOWN) * SHOWN);
    const row = document.getElementById(`card-${this.cards[place].offset}`);
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    return true;
  }
}
