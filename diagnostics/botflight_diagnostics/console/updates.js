// The last updates, the newest first; a filter for what is here, and a look-up for a correlation id.

import { byId, duration, el, pill, timeOf } from "./dom.js";

const MOST = 200;
const WHOLE = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/i;

export class Updates {
  #open;
  #seen = 0;

  constructor(open) {
    this.#open = open;
    byId("query").addEventListener("input", () => this.#filter());
    byId("search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#lookUp(byId("query").value.trim());
    });
    byId("rows").addEventListener("keydown", (event) => this.#move(event));
  }

  clear() {
    this.#seen = 0;
    byId("rows").replaceChildren();
  }

  add(updates, memory) {
    const rows = byId("rows");
    rows.prepend(...updates.map((update) => this.#row(update)).reverse());
    while (rows.children.length > MOST) rows.lastElementChild.remove();
    this.#seen += updates.length;
    if (updates.length) this.#filter();
    const used = (memory.bytes / 1048576).toFixed(1);
    byId("memory").textContent = `The ${rows.children.length} newest of what is in memory: ${used} of ${memory.limit_bytes / 1048576} MB. Failed and slow ones stay longest.`;
  }

  #row(update) {
    const failed = Boolean(update.error_type ?? update["error.type"]);
    const tone = failed ? "bad" : update.outcome === "OK" ? "good" : "warn";
    const button = el("button", { type: "button", class: "row", onclick: () => this.#open(update.name) },
      el("time", { class: "faint number" }, timeOf(update.at_ms)),
      el("span", { class: "what" }, el("strong", {}, update.handler ?? update.update_type), el("span", { class: "soft" }, ` ${update.update_type}`)),
      el("span", { class: "faint mono who" }, update.user_ref ?? ""),
      el("span", { class: "number" }, duration(update.duration_ms)),
      pill(update.outcome, tone));
    const item = el("li", {}, button);
    item.dataset.text = [update.name, update.trace_id, update.handler, update.update_type, update.outcome, update.user_ref, update.update_id, update.error_type].join(" ").toLowerCase();
    return item;
  }

  #filter() {
    const query = byId("query").value.trim().toLowerCase();
    let shown = 0;
    for (const item of byId("rows").children) {
      item.hidden = !item.dataset.text.includes(query);
      shown += item.hidden ? 0 : 1;
    }
    byId("search-problem").hidden = true;
    byId("no-rows").hidden = shown > 0;
    byId("no-rows").textContent = query ? "None of the newest updates. Enter looks a whole correlation id up in all that is in memory." : "No update yet. They appear here as they end.";
  }

  async #lookUp(query) {
    const first = [...byId("rows").children].find((item) => !item.hidden);
    const found = WHOLE.test(query) ? await this.#open(query.toLowerCase()) : first ? (first.firstElementChild.click(), true) : false;
    byId("search-problem").hidden = found;
    byId("search-problem").textContent = "It is not in memory any more, or never was: search your logs for this correlation_id.";
  }

  #move(event) {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!step) return;
    let item = event.target.closest("li")?.[step];
    while (item?.hidden) item = item[step];
    if (!item) return;
    event.preventDefault();
    item.firstElementChild.focus();
  }
}
