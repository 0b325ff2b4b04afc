// The report on one file, for people.

import { count, factRows } from "./facts.js";
import { explained } from "./findings.js";
import { HeaderTable } from "./header_table.js";
import { headerText, tellsPlace } from "./header_text.js";
import { VERDICTS } from "./verdict.js";

const $ = (name) => document.getElementById(`check-${name}`);

/** An element with a class and what is in it: elements, or texts that stay texts. */
function element(kind, kindOf, ...inside) {
  const made = document.createElement(kind);
  if (kindOf) made.className = kindOf;
  made.append(...inside.filter((part) => part !== undefined));
  return made;
}

export class ReportView {
  constructor() {
    this.table = new HeaderTable({ body: $("cards"), search: $("needle"), told: $("matches"), pages: $("pages") });
    $("copy").addEventListener("click", () => this.copy());
  }

  /**
   * @param {{file: File, path: string, verdict: string, reason: string}} item
   * @param {import("../wasm/header.js").Report} [report] None if the file could not be read at all.
   */
  show(item, report) {
    this.item = item;
    this.report = report ?? { facts: null, findings: [], cards: [] };
    const { verdict, reason } = item;
    $("name").textContent = item.path;
    $("verdict").replaceChildren(element("span", `badge verdict-${verdict}`, VERDICTS[verdict]), " ", reason);
    this.facts();
    this.findings();
    const cards = this.report.cards;
    $("header").hidden = cards.length === 0;
    $("no-header").hidden = cards.length > 0;
    $("copied").textContent = "";
    $("text").hidden = true;
    $("site").hidden = !cards.some((card) => tellsPlace(card.keyword));
    $("site").firstChild.checked = false;
    this.table.show(cards);
    $("report").hidden = false;
  }

  facts() {
    const rows = factRows(this.report);
    $("facts-title").parentElement.hidden = rows.length === 0;
    $("facts").replaceChildren(...rows.map(({ name, value, note, key }) => {
      const told = element("dd", "", value === null ? element("span", "muted", "not known") : element("span", key ? "mono" : "", value));
      if (note) told.append(element("p", "muted", note));
      return element("div", key ? "check-key" : "", element("dt", "", name), told);
    }));
  }

  findings() {
    const { findings, cards } = this.report;
    $("findings-title").parentElement.hidden = cards.length === 0 && findings.length === 0;
    $("no-findings").hidden = findings.length > 0;
    // What is lost first, then what is only odd; those of one kind together, as they come in the file.
    const kinds = new Map(["error", "warning"].flatMap((severity) => findings.filter((one) => one.severity === severity).map((one) => [one.code, []])));
    for (const finding of findings) kinds.get(finding.code).push(finding);
    $("findings").replaceChildren(...[...kinds.values()].map((alike) => this.kind(alike)));
  }

  kind(alike) {
    const { code, severity } = alike[0];
    const about = explained(code);
    const title = element("h4", "", element("span", `badge severity-${severity}`, `${severity} ${code}`), " ", about.title);
    const messages = alike.map(({ card, offset, message }) => element("li", "", this.link(card, offset), ": ", message));
    const line = (name, text) => element("div", "", element("dt", "", name), element("dd", "", text));
    const words = element("dl", "check-words", line("What it means", about.means), line("Does it matter?", about.matters), line("What to do", about.todo));
    return element("li", "", title, element("ul", "check-messages", ...messages), words);
  }

  /** The card's keyword, as a link to its row where there is one. */
  link(card, offset) {
    if (card === null) return `At byte ${count(offset)}`;
    const there = this.report.cards.some((one) => one.offset === offset || one.keyword === card);
    if (!there) return element("code", "", card);
    const link = element("a", "", element("code", "", card));
    link.href = `#card-${offset}`;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      this.table.goTo(offset, card);
    });
    return link;
  }

  async copy() {
    $("copied").textContent = "";
    const header = this.item.file.slice(0, this.report.header_bytes);
    let bytes;
    try {
      bytes = await header.arrayBuffer();
    } catch (error) {
      $("copied").textContent = `The file cannot be read any more: ${error.message}`;
      return;
    }
    const text = headerText(new Uint8Array(bytes), $("site").firstChild.checked);
    try {
      await navigator.clipboard.writeText(text);
      $("copied").textContent = "Copied.";
    } catch {
      // Without https, or where the browser forbids it: the user's own hands may.
      $("text").value = text;
      $("text").hidden = false;
      $("text").select();
      $("copied").textContent = "This browser does not let the page copy. The text is below, selected: press Ctrl and C.";
    }
  }
}
