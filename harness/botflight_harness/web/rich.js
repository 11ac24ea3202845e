// Text with Telegram's entities (offsets in UTF-16 units, as JavaScript counts) as DOM nodes.

import { el, safeLink } from "./dom.js";

const PLAIN = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};

function link(address, inner) {
  const href = safeLink(address);
  if (href === null) return el("span", { title: address }, ...inner);
  return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...inner);
}

function spoiler(inner) {
  const reveal = (event) => event.currentTarget.setAttribute("aria-expanded", "true");
  return el("button", { type: "button", className: "spoiler", "aria-expanded": "false", "aria-label": "Hidden text: press to show", onclick: (event) => { reveal(event); event.currentTarget.removeAttribute("aria-label"); } }, ...inner);
}

function wrap(entity, inner, source, onCommand) {
  if (entity.type in PLAIN) return el(PLAIN[entity.type], {}, ...inner);
  switch (entity.type) {
    case "pre":
      return el("pre", { tabindex: "0" }, el("code", { "data-language": entity.language }, ...inner));
    case "text_link":
      return link(entity.url, inner);
    case "url":
      return link(source, inner);
    case "email":
      return link(`mailto:${source}`, inner);
    case "spoiler":
      return spoiler(inner);
    case "bot_command":
      return el("button", { type: "button", className: "command", onclick: () => onCommand(source) }, ...inner);
    default:
      return el("span", {}, ...inner);
  }
}

function* pieces(text, start, end, entities, onCommand) {
  let at = start;
  for (let index = 0; index < entities.length; ) {
    const entity = entities[index];
    const from = Math.max(entity.offset, at);
    const to = Math.min(entity.offset + entity.length, end);
    let next = index + 1;
    while (next < entities.length && entities[next].offset < to) next += 1;
    if (from > at) yield text.slice(at, from);
    const inner = [...pieces(text, from, to, entities.slice(index + 1, next), onCommand)];
    if (to > from) yield wrap(entity, inner, text.slice(from, to), onCommand);
    at = Math.max(at, to);
    index = next;
  }
  if (at < end) yield text.slice(at, end);
}

export function rich(text, entities = [], onCommand = () => {}) {
  const ordered = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return el("div", { className: "text" }, ...pieces(text, 0, text.length, ordered, onCommand));
}
