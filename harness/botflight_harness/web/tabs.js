// On a narrow screen one panel shows at a time. On a wide one all do, and nothing here is seen.

import { el } from "./dom.js";

const narrow = matchMedia("(max-width: 46rem)");

export class Tabs {
  #pairs = [];

  constructor(list) {
    this.list = list;
    list.addEventListener("keydown", (event) => this.#move(event));
    narrow.addEventListener("change", () => this.#setRoles());
  }

  clear() {
    this.#pairs = [];
    this.list.replaceChildren();
  }

  add(name, panel) {
    const tab = el("button", { type: "button", role: "tab", className: "tab", id: `tab-${panel.id}`, "aria-controls": panel.id, onclick: () => this.select(panel) }, name);
    const last = this.#pairs.findIndex((pair) => pair.panel.id === "activity");
    if (last < 0) this.#pairs.push({ tab, panel });
    else this.#pairs.splice(last, 0, { tab, panel });
    this.list.replaceChildren(...this.#pairs.map((pair) => pair.tab));
    this.#setRoles();
    this.select(this.#current ?? this.#pairs[0].panel);
  }

  get #current() {
    return this.#pairs.find(({ panel }) => panel.hasAttribute("data-current"))?.panel;
  }

  select(chosen) {
    for (const { tab, panel } of this.#pairs) {
      const here = panel === chosen;
      panel.toggleAttribute("data-current", here);
      tab.setAttribute("aria-selected", String(here));
      tab.tabIndex = here ? 0 : -1;
      if (here) tab.removeAttribute("data-unseen");
    }
    const log = chosen.querySelector(".log");
    if (log) log.scrollTop = log.scrollHeight;
  }

  noticed(panel) {
    const pair = this.#pairs.find((each) => each.panel === panel);
    if (pair && !panel.hasAttribute("data-current")) pair.tab.setAttribute("data-unseen", "");
  }

  #move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = this.#pairs.findIndex(({ panel }) => panel === this.#current);
    const next = this.#pairs[(at + step + this.#pairs.length) % this.#pairs.length];
    this.select(next.panel);
    next.tab.focus();
  }

  #setRoles() {
    for (const { tab, panel } of this.#pairs) {
      const own = panel.id === "activity" ? "complementary" : "region";
      panel.setAttribute("role", narrow.matches ? "tabpanel" : own);
      if (narrow.matches) panel.setAttribute("aria-labelledby", tab.id);
      else panel.removeAttribute("aria-labelledby");
    }
  }
}
