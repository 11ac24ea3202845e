// The server's events. The browser reconnects by itself and names the last event it saw.

const KINDS = ["snapshot", "person", "message", "deleted", "answer", "action", "keyboard", "call", "update"];

const WORDS = { connecting: "connecting", live: "live", lost: "not connected" };

export function listen(handlers) {
  const state = document.getElementById("connection");
  const show = (name) => {
    state.dataset.state = name;
    state.textContent = WORDS[name];
  };
  const source = new EventSource("/_control/events");
  source.addEventListener("open", () => show("live"));
  source.addEventListener("error", () => show("lost"));
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => handlers[kind](JSON.parse(event.data)));
  }
}
