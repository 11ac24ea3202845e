// The page: a chat for each person, fed by the server's events.

import { resetActivity, showCall, showUpdate } from "./activity.js";
import { Chat } from "./chat.js";
import { addPerson } from "./control.js";
import { el, icon } from "./dom.js";
import { listen } from "./stream.js";
import { Tabs } from "./tabs.js";

const MOST_PEOPLE = 6;

const chats = new Map();
const people = document.getElementById("people");
const tabs = new Tabs(document.getElementById("tabs"));
let bot = { name: "The bot" };

function addChat(person) {
  const chat = new Chat(person, bot, chats.size);
  chats.set(person.id, chat);
  people.append(chat.element);
  tabs.add(person.name, chat.element);
  document.getElementById("add-person").disabled = chats.size >= MOST_PEOPLE;
  return chat;
}

function showPerson(person) {
  const chat = chats.get(person.id);
  if (chat) chat.update(person);
  else addChat(person);
}

function showLinks(links) {
  const nav = document.getElementById("links");
  nav.replaceChildren(...Object.entries(links).map(([name, href]) => el("a", { href, target: "_blank", rel: "noopener" }, name, icon("out"))));
}

function reset(snapshot) {
  bot = snapshot.bot;
  document.title = snapshot.title;
  document.getElementById("title").textContent = snapshot.title;
  document.getElementById("bot").textContent = `@${bot.username}`;
  showLinks(snapshot.links);
  const drafts = new Map([...chats].map(([id, chat]) => [id, chat.field.value]));
  chats.clear();
  people.replaceChildren();
  tabs.clear();
  for (const person of snapshot.people) {
    const chat = addChat(person);
    person.messages.forEach((message) => chat.show(message, { quietly: true }));
    chat.setKeyboard(person.keyboard);
    chat.field.value = drafts.get(person.id) ?? "";
  }
  tabs.add("Activity", document.getElementById("activity"));
  resetActivity(snapshot);
  document.body.dataset.ready = "";
}

function showMessage({ person, message }) {
  const chat = chats.get(person);
  chat?.show(message);
  if (chat) tabs.noticed(chat.element);
}

listen({
  snapshot: reset,
  person: showPerson,
  message: showMessage,
  deleted: ({ person, message_id }) => chats.get(person)?.remove(message_id),
  answer: (answer) => chats.get(answer.person)?.answer(answer),
  action: ({ person, action }) => chats.get(person)?.act(action),
  keyboard: ({ person, keyboard }) => chats.get(person)?.setKeyboard(keyboard),
  call: showCall,
  update: showUpdate,
});

const dialog = document.getElementById("new-person");

document.getElementById("add-person").addEventListener("click", () => {
  dialog.querySelector("form").reset();
  dialog.returnValue = "";
  dialog.showModal();
});

document.getElementById("no-person").addEventListener("click", () => dialog.close());

dialog.addEventListener("close", async () => {
  if (dialog.returnValue !== "add") return;
  const form = new FormData(dialog.querySelector("form"));
  const person = await addPerson(form.get("name").trim(), form.get("language"));
  if (!person) return;
  showPerson(person);
  tabs.select(chats.get(person.id).element);
  chats.get(person.id).field.focus();
});
