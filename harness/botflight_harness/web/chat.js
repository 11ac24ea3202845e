// One person's chat with the bot.

import { actionsOf } from "./control.js";
import { el } from "./dom.js";
import { draw } from "./message.js";
import { alertWith } from "./notices.js";

const NEAR_END_PX = 80;
const ACTION_LASTS_MS = 5000;
const ANSWER_AWAITED_MS = 10000;
const ASIDE_LASTS_MS = 4500;
const BURST = 20;
const TONES = 6;
const MOST_MESSAGES = 400;

const DOING = {
  typing: "is typing…",
  upload_photo: "is sending a photo…",
  record_video: "is recording a video…",
  upload_video: "is sending a video…",
  record_voice: "is recording a voice message…",
  upload_voice: "is sending a voice message…",
  upload_document: "is sending a file…",
  choose_sticker: "is choosing a sticker…",
  find_location: "is finding a place…",
  record_video_note: "is recording a video…",
  upload_video_note: "is sending a video…",
};

const LANGUAGES = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

export class Chat {
  #messages = new Map();
  #tapped = new Map();
  #answered = new Map();
  #edited = null;
  #acting;
  #asideEnds;
  #atEnd = true;

  constructor(person, bot, place) {
    this.bot = bot;
    this.element = document.getElementById("chat-template").content.firstElementChild.cloneNode(true);
    this.do = actionsOf(person.id);
    this.log = this.#find(".log");
    this.field = this.#find("textarea");
    this.#dress(person, place);
    this.#listen();
    this.update(person);
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }

  #dress(person, place) {
    this.element.id = `chat-${person.id}`;
    this.element.setAttribute("role", "region");
    this.element.setAttribute("aria-label", `${person.name} and the bot`);
    this.#find("h2").textContent = person.name;
    this.#find(".avatar").textContent = [...person.name][0].toUpperCase();
    this.#find(".avatar").classList.add(`tone-${place % TONES}`);
    this.log.setAttribute("aria-label", `What ${person.name} and the bot said`);
    this.log.lang = person.language;
    this.field.setAttribute("aria-label", `Message of ${person.name}`);
    this.field.lang = person.language;
  }

  update(person) {
    this.person = person;
    this.element.toggleAttribute("data-blocked", person.blocked);
    const block = this.#find(".block");
    block.setAttribute("aria-pressed", String(person.blocked));
    block.querySelector("span").textContent = person.blocked ? "Unblock the bot" : "Block the bot";
    this.#showState();
  }

  #showState(doing = "") {
    const state = this.#find(".chat-state");
    state.toggleAttribute("data-acting", doing !== "");
    const language = LANGUAGES.of(this.person.language) ?? this.person.language;
    state.textContent = doing || (this.person.blocked ? `${language} · has blocked the bot` : language);
  }

  #listen() {
    this.#find(".start").addEventListener("click", () => { this.do.text("/start"); this.field.focus(); });
    this.#find(".block").addEventListener("click", () => this.do.block(!this.person.blocked));
    this.#find(".again").addEventListener("click", () => this.#again());
    this.#find(".burst").addEventListener("click", () => this.do.burst(BURST));
    this.#find(".newer").addEventListener("click", () => this.#toEnd());
    this.#stayAtEnd();
    this.#listenToComposer();
    this.#listenToAttachments();
  }

  // Who reads the end goes on reading it: when a picture has loaded, or what is below the log has grown.
  #stayAtEnd() {
    const stay = () => { if (this.#atEnd) this.#toEnd(); };
    this.log.addEventListener("scroll", () => {
      this.#atEnd = this.#isNearEnd();
      if (this.#atEnd) this.#find(".newer").hidden = true;
    }, { passive: true });
    this.log.addEventListener("load", stay, { capture: true });
    new ResizeObserver(stay).observe(this.log);
  }

  #listenToComposer() {
    this.#find(".composer").addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
    this.field.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); this.#send(); }
      if (event.key === "Escape") this.#stopEditing();
      if (event.key === "ArrowUp" && this.field.value === "") { event.preventDefault(); this.#editLast(); }
    });
    this.#find(".editing .link").addEventListener("click", () => this.#stopEditing());
  }

  #listenToAttachments() {
    const menu = this.#find(".attach");
    const picker = this.#find('input[type="file"]');
    const close = () => { menu.open = false; };
    menu.addEventListener("keydown", (event) => { if (event.key === "Escape") { close(); menu.querySelector("summary").focus(); } });
    menu.addEventListener("focusout", (event) => { if (!menu.contains(event.relatedTarget)) close(); });
    menu.addEventListener("click", (event) => {
      const kind = event.target.closest("[data-attach]")?.dataset.attach;
      if (!kind) return;
      close();
      if (kind === "photo") picker.click();
      else { this.do[kind](); this.field.focus(); }
    });
    picker.addEventListener("change", () => { if (picker.files.length) this.#sendPhoto(picker.files[0]); picker.value = ""; });
    this.field.addEventListener("paste", (event) => this.#takeFiles(event, event.clipboardData));
    this.element.addEventListener("dragover", (event) => event.preventDefault());
    this.element.addEventListener("drop", (event) => this.#takeFiles(event, event.dataTransfer));
  }

  #takeFiles(event, data) {
    const photo = [...data.files].find((file) => file.type.startsWith("image/"));
    if (!photo) return;
    event.preventDefault();
    this.#sendPhoto(photo);
  }

  #sendPhoto(file) {
    this.do.photo(file, this.field.value.trim());
    this.field.value = "";
    this.field.focus();
  }

  async #send() {
    const text = this.field.value.trim();
    if (!text) return;
    const edited = this.#edited;
    this.#stopEditing();
    this.field.value = "";
    const done = edited === null ? await this.do.text(text) : await this.do.edit(edited, text);
    if (done === null && this.field.value === "") this.field.value = text;
  }

  async #again() {
    const done = await this.do.again();
    if (done) this.#say(`Update #${done.update_id} is delivered again.`);
  }

  async #tap(message, row, column, key) {
    const done = await this.do.tap(message.message_id, row, column);
    if (!done?.query_id) return;
    const early = this.#answered.get(done.query_id);
    if (early) { this.#answered.delete(done.query_id); return; }
    key.setAttribute("aria-busy", "true");
    const timer = setTimeout(() => this.#settle(done.query_id), ANSWER_AWAITED_MS);
    this.#tapped.set(done.query_id, { key, timer });
  }

  #settle(query) {
    const waiting = this.#tapped.get(query);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    waiting.key.removeAttribute("aria-busy");
    this.#tapped.delete(query);
  }

  answer(answer) {
    if (this.#tapped.has(answer.query_id)) this.#settle(answer.query_id);
    else this.#answered.set(answer.query_id, true);
    if (this.#answered.size > 50) this.#answered.delete(this.#answered.keys().next().value);
    if (!answer.text) return;
    if (answer.alert) alertWith(answer.text, `${this.bot.name} to ${this.person.name}`);
    else this.#say(answer.text);
  }

  // What passes: the newest takes the place of the one before.
  #say(text) {
    const aside = this.#find(".aside");
    clearTimeout(this.#asideEnds);
    aside.textContent = text;
    aside.classList.remove("arrived");
    void aside.offsetWidth; // so that the animation starts anew
    aside.classList.add("arrived");
    this.#asideEnds = setTimeout(() => aside.replaceChildren(), ASIDE_LASTS_MS + 40 * text.length);
  }

  act(action) {
    clearTimeout(this.#acting);
    this.#showState(`${this.bot.name} ${DOING[action] ?? "is doing something…"}`);
    this.#acting = setTimeout(() => this.#showState(), ACTION_LASTS_MS);
  }

  #quiet() {
    clearTimeout(this.#acting);
    this.#showState();
  }

  #edit(message) {
    this.#edited = message.message_id;
    this.field.value = message.text;
    this.#find(".editing").hidden = false;
    this.field.focus();
  }

  #editLast() {
    const mine = [...this.#messages.values()].map(({ message }) => message).filter((message) => message.from?.id === this.person.id && message.text);
    if (mine.length) this.#edit(mine.at(-1));
  }

  #stopEditing() {
    if (this.#edited === null) return;
    this.#edited = null;
    this.#find(".editing").hidden = true;
    this.field.value = "";
  }

  #hooks = {
    tap: (message, row, column, key) => this.#tap(message, row, column, key),
    edit: (message) => this.#edit(message),
    command: (command) => this.do.text(command),
    copy: async (text) => {
      await navigator.clipboard.writeText(text);
      this.#say("Copied.");
    },
  };

  show(message, { quietly = false } = {}) {
    const mine = message.from?.id === this.person.id;
    const known = this.#messages.get(message.message_id);
    const atEnd = this.#isNearEnd();
    if (known) this.#change(known, message);
    else this.#append(message, quietly);
    if (!mine) this.#quiet();
    if (atEnd || (mine && !known) || quietly) this.#toEnd();
    else if (!known) this.#find(".newer").hidden = false;
  }

  #change(known, message) {
    known.message = message;
    draw(message, this.person, this.#hooks, known.element);
    void known.element.offsetWidth; // so that the animation starts anew
    known.element.classList.add("changed");
  }

  #append(message, quietly) {
    this.#find(".empty")?.remove();
    const element = draw(message, this.person, this.#hooks);
    if (!quietly) element.classList.add("arrived");
    this.#messages.set(message.message_id, { message, element });
    this.log.append(element);
    if (this.#messages.size > MOST_MESSAGES) this.remove(this.#messages.keys().next().value);
  }

  remove(messageId) {
    this.#messages.get(messageId)?.element.remove();
    this.#messages.delete(messageId);
  }

  // The keyboard below the chat, which writes what its buttons say, or shares what they ask for; none takes it away.
  setKeyboard(markup) {
    const rows = markup?.keyboard ?? [];
    const place = this.#find(".reply-keyboard");
    const press = (text) => {
      this.do.press(text);
      if (markup.one_time_keyboard) place.hidden = true;
    };
    const keyOf = ({ text }) => el("button", { type: "button", className: "key", onclick: () => press(text) }, text);
    place.replaceChildren(...rows.map((row) => el("div", { className: "keys-row" }, ...row.map(keyOf))));
    place.hidden = rows.length === 0;
  }

  #isNearEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_END_PX;
  }

  #toEnd() {
    this.#atEnd = true;
    this.log.scrollTop = this.log.scrollHeight;
    this.#find(".newer").hidden = true;
  }
}
