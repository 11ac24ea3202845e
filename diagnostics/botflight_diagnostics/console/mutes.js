// A finding that is known does not count for a while. The form is a dialog: the page behind it is drawn anew meanwhile.

import { byId } from "./dom.js";

export class Mutes {
  #code = "";
  #changed;

  constructor(changed) {
    this.#changed = changed;
    byId("mute-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#keep();
    });
    byId("mute-cancel").addEventListener("click", () => byId("mute").close());
  }

  open(code) {
    this.#code = code;
    byId("mute-title").textContent = `Mute ${code}`;
    byId("mute-reason").value = "";
    this.#say("");
    byId("mute").showModal();
  }

  async drop(code) {
    await fetch(`console/mutes/${encodeURIComponent(code)}`, { method: "DELETE" }).catch(() => null);
    this.#changed();
  }

  async #keep() {
    const wanted = { code: this.#code, reason: byId("mute-reason").value, for_s: Number(byId("mute-for").value) };
    const answer = await fetch("console/mutes", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wanted),
    }).catch(() => null);
    if (!answer?.ok) {
      const told = await answer?.json().catch(() => null);
      this.#say(told?.to_fix ?? "It was not kept: the service does not answer, or its store fails.");
      return;
    }
    byId("mute").close();
    this.#changed();
  }

  #say(problem) {
    byId("mute-problem").hidden = !problem;
    byId("mute-problem").textContent = problem;
  }
}
