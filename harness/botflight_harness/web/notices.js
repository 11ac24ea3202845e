// Toasts, which pass, and alerts, which wait to be read.

import { el } from "./dom.js";

const LASTING_MS = 4500;
const MOST_TOASTS = 4;

const toasts = document.getElementById("toasts");
const notice = document.getElementById("notice");
const waiting = [];

export function toast(text, { bad = false } = {}) {
  const element = el("div", { className: bad ? "toast bad" : "toast" }, text);
  toasts.append(element);
  while (toasts.children.length > MOST_TOASTS) toasts.firstElementChild.remove();
  setTimeout(() => element.remove(), LASTING_MS + 40 * text.length);
}

function showNext() {
  if (notice.open || waiting.length === 0) return;
  const { text, from } = waiting.shift();
  document.getElementById("notice-title").textContent = from;
  document.getElementById("notice-text").textContent = text;
  notice.showModal();
}

export function alertWith(text, from) {
  waiting.push({ text, from });
  showNext();
}

notice.addEventListener("close", showNext);
