// What a person does on this page, told to the server. A refusal becomes a notice, not an exception.

import { toast } from "./notices.js";

async function ask(path, options) {
  let response;
  try {
    response = await fetch(`/_control/${path}`, { method: "POST", ...options });
  } catch {
    toast("The sandbox does not answer. Is it still running?", { bad: true });
    return null;
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  toast(answer.error ?? `The sandbox answered ${response.status}.`, { bad: true });
  return null;
}

const json = (path, body = {}) => ask(path, { body: JSON.stringify(body), headers: { "content-type": "application/json" } });

export const addPerson = (name, language) => json("people", { name, language });

// Everything that one person can do, by the person's id.
export function actionsOf(id) {
  const of = (action) => `people/${id}/${action}`;
  return {
    text: (text) => json(of("messages"), { text }),
    sticker: () => json(of("messages"), { sticker: true }),
    voice: () => json(of("messages"), { voice: true }),
    photo: (file, caption) => {
      const body = new FormData();
      body.set("photo", file, file.name);
      if (caption) body.set("caption", caption);
      return ask(of("messages"), { body });
    },
    edit: (message_id, text) => json(of("edits"), { message_id, text }),
    tap: (message_id, row, column) => json(of("taps"), { message_id, row, column }),
    press: (text) => json(of("presses"), { text }),
    again: () => json(of("repeat")),
    burst: (times) => json(of("burst"), { times }),
    block: (blocked) => json(of("block"), { blocked }),
  };
}
