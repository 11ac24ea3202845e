// One message, as Telegram describes it, as an element. The same message drawn again is drawn in place.

import { el, icon, safeLink, sizeOf, timeOf } from "./dom.js";
import { rich } from "./rich.js";

const fileAt = (id) => `/_control/files/${encodeURIComponent(id)}`;

const isFilm = (media) => (media.mime_type ?? "").startsWith("video/");

function picture(fileId, label, size) {
  const image = el("img", { className: "media", src: fileAt(fileId), alt: label, loading: "lazy" });
  if (size?.width && size?.height) {
    image.style.setProperty("--natural", `${size.width}px`);
    image.style.setProperty("--ratio", String(size.width / size.height)); // so that nothing moves when it arrives
  }
  return image;
}

function film(media, label, properties) {
  return el("video", { className: "media", src: fileAt(media.file_id), controls: true, "aria-label": label, preload: "metadata", ...properties });
}

function sound(media, label) {
  return el("audio", { className: "media", src: fileAt(media.file_id), controls: true, preload: "metadata", "aria-label": label });
}

function file(media) {
  const name = media.file_name ?? "File";
  const details = [media.mime_type, media.file_size && sizeOf(media.file_size)].filter(Boolean).join(" · ");
  return el(
    "a",
    { className: "file", href: fileAt(media.file_id), download: name },
    icon("file"),
    el("span", {}, el("div", { className: "file-name" }, name), el("div", { className: "file-size" }, details)),
  );
}

// What a message carries besides text: [element, how its bubble looks].
function mediaOf(message) {
  if (message.animation) {
    const { animation } = message;
    return [isFilm(animation) ? film(animation, "Animation", { loop: true, muted: true, autoplay: !matchMedia("(prefers-reduced-motion: reduce)").matches }) : picture(animation.file_id, "Animation", animation), "framed"];
  }
  if (message.photo) {
    const largest = message.photo.at(-1);
    return [picture(largest.file_id, "Photo", largest), "framed"];
  }
  if (message.video) return [film(message.video, "Video"), "framed"];
  if (message.audio) return [sound(message.audio, message.audio.title ?? message.audio.file_name ?? "Audio"), "framed"];
  if (message.voice) return [message.voice.file_size ? sound(message.voice, "Voice message") : el("div", { className: "placeholder" }, `Voice message, ${message.voice.duration} s`), ""];
  if (message.sticker) return [el("div", { className: "sticker", role: "img", "aria-label": `Sticker ${message.sticker.emoji ?? ""}` }, message.sticker.emoji ?? "🙂"), "bare"];
  if (message.document) return [file(message.document), ""];
  return [null, ""];
}

const UNDRAWN = ["contact", "dice", "location", "poll", "venue", "video_note", "invoice", "successful_payment", "refunded_payment", "game", "story", "checklist", "checklist_tasks_done", "checklist_tasks_added", "rich_message", "users_shared", "chat_shared", "web_app_data"];

function textOf(message, onCommand) {
  if (message.text) return rich(message.text, message.entities, onCommand);
  if (message.caption) return rich(message.caption, message.caption_entities, onCommand);
  const kind = UNDRAWN.find((name) => name in message);
  return kind ? el("div", { className: "placeholder" }, `(${kind.replaceAll("_", " ")})`) : null;
}

function quoteOf(message) {
  const replied = message.reply_to_message;
  if (!replied) return null;
  return el("div", { className: "quote" }, replied.text ?? replied.caption ?? "a message");
}

function bubbleOf(message, person, hooks) {
  const [media, look] = mediaOf(message);
  const mine = message.from?.id === person.id;
  const stamp = el("div", { className: "stamp" }, message.edit_date ? el("span", {}, "edited") : null, el("time", { datetime: new Date(message.date * 1000).toISOString() }, timeOf(message.date)));
  const text = textOf(message, hooks.command);
  const bubble = el("div", { className: `bubble ${look}` }, quoteOf(message), media, text, stamp);
  if (mine && message.text) {
    bubble.append(el("button", { type: "button", className: "edit", "aria-label": "Edit this message", title: "Edit", onclick: () => hooks.edit(message) }, icon("edit")));
  }
  return bubble;
}

function keyOf(key, row, column, message, hooks) {
  if (key.url || key.login_url || key.web_app) {
    const href = safeLink(key.url ?? key.login_url?.url ?? key.web_app.url);
    return el("a", { className: "key", href: href ?? undefined, target: "_blank", rel: "noopener noreferrer" }, key.text, icon("out"));
  }
  if (key.copy_text) {
    return el("button", { type: "button", className: "key", onclick: () => hooks.copy(key.copy_text.text) }, key.text);
  }
  return el("button", { type: "button", className: "key", onclick: (event) => hooks.tap(message, row, column, event.currentTarget) }, key.text);
}

function keysOf(message, hooks) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  return el("div", { className: "keys", role: "group", "aria-label": "Buttons" }, ...rows.map((keys, row) => el("div", { className: "keys-row" }, ...keys.map((key, column) => keyOf(key, row, column, message, hooks)))));
}

// Which button has the focus, to give it back to the one that takes its place.
function focusedKey(element) {
  const keys = [...element.querySelectorAll(".key")];
  const at = keys.indexOf(document.activeElement);
  return at < 0 ? null : { at, label: keys[at].textContent };
}

function refocus(element, was) {
  if (was === null) return;
  const keys = [...element.querySelectorAll(".key")];
  const same = keys.find((key) => key.textContent === was.label);
  (same ?? keys[Math.min(was.at, keys.length - 1)] ?? element).focus({ preventScroll: true });
}

// Draws the message into an element, a new one when none is given.
export function draw(message, person, hooks, element = el("article", { tabindex: "-1" })) {
  const mine = message.from?.id === person.id;
  const keys = keysOf(message, hooks);
  const was = focusedKey(element);
  element.className = `message${mine ? " mine" : ""}${keys ? " has-keys" : ""}`;
  element.dataset.id = message.message_id;
  element.setAttribute("aria-label", mine ? `${person.name} wrote` : "The bot wrote");
  element.replaceChildren(...[bubbleOf(message, person, hooks), keys].filter(Boolean));
  refocus(element, was);
  return element;
}
