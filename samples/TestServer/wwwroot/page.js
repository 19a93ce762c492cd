// The three demonstrations of the test server. Each has a socket of its own, because the subprotocol is chosen once per connection.

const byId = (id) => document.getElementById(id);

/** Opens a socket to the host that served this page, with the scheme that fits the page's own. */
function openSocket(protocol) {
  const url = new URL("./", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.search = "";
  url.hash = "";
  return new WebSocket(url, protocol);
}

/**
 * Keeps one socket for a card and shows its state. `received` gets the text of each message; `changed` is called after every change of state.
 * The server decides how long a connection lives, so nothing reconnects by itself: the visitor should see the close.
 */
class Card {
  #protocol;
  #label;
  #received;
  #changed;
  #socket = null;

  constructor(protocol, label, received, changed = () => {}) {
    this.#protocol = protocol;
    this.#label = label;
    this.#received = received;
    this.#changed = changed;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  get isClosed() {
    return this.#socket === null || this.#socket.readyState === WebSocket.CLOSED;
  }

  connect() {
    const socket = openSocket(this.#protocol);
    this.#socket = socket;
    this.#show("connecting", "connecting");
    socket.addEventListener("open", () => this.#show("open", "connected"));
    socket.addEventListener("close", (event) => this.#show("closed", describeClose(event)));
    socket.addEventListener("message", (event) => {
      if (typeof event.data === "string") this.#received(event.data);
    });
  }

  send(text) {
    if (this.isOpen) this.#socket.send(text);
  }

  #show(state, words) {
    this.#label.dataset.state = state;
    this.#label.textContent = words;
    this.#changed();
  }
}

function describeClose({ code, reason }) {
  return reason ? `closed (${code} ${reason})` : `closed (${code})`;
}

// Increment: a number that belongs to this connection.

function startIncrement() {
  const value = byId("increment-value");
  const reset = byId("increment-reset");
  const closeMe = byId("increment-closeme");
  const reconnect = byId("increment-reconnect");

  const card = new Card("dumb-increment-protocol", byId("increment-state"), (text) => { value.textContent = text; }, () => {
    reset.disabled = closeMe.disabled = !card.isOpen;
    reconnect.disabled = !card.isClosed;
  });

  reset.addEventListener("click", () => card.send("reset\n"));
  closeMe.addEventListener("click", () => card.send("closeme\n"));
  reconnect.addEventListener("click", () => card.connect());
  card.connect();
}

// Mirror: everyone draws on everyone's canvas.

const LONGEST_COMMAND = 100;

/**
 * Cuts a stream of text into commands, each ended by a semicolon. A message may hold several, or only a piece of one, so what is
 * unfinished waits for the next message; a piece that can no longer become a command is dropped.
 */
class CommandReader {
  #rest = "";

  read(text) {
    const commands = (this.#rest + text).split(";");
    const rest = commands.pop();
    this.#rest = rest.length > LONGEST_COMMAND ? "" : rest;
    return commands.map((command) => command.trim()).filter((command) => command.length > 0);
  }
}

/** Draws one command. What does not parse is ignored: it was written by a stranger. */
function draw(ink, command) {
  const [verb, color, ...rest] = command.split(/\s+/);
  const numbers = rest.map(Number);
  if (!/^(#[0-9a-f]{3,8}|[a-z]+)$/i.test(color ?? "") || !numbers.every(Number.isFinite)) return;

  if (verb === "d" && numbers.length === 4) {
    const [x0, y0, x1, y1] = numbers;
    ink.strokeStyle = color;
    ink.beginPath();
    ink.moveTo(x0, y0);
    ink.lineTo(x1, y1);
    ink.stroke();
    return;
  }

  if (verb === "c" && numbers.length === 3) {
    const [x, y, radius] = numbers;
    if (radius < 0) return;
    ink.strokeStyle = color;
    ink.beginPath();
    ink.arc(x, y, radius, 0, 2 * Math.PI);
    ink.stroke();
  }
}

/** Where the pointer is, in the canvas' own units, however large it is shown. */
function positionOn(canvas, event) {
  const box = canvas.getBoundingClientRect();
  const borderX = (box.width - canvas.clientWidth) / 2;
  const borderY = (box.height - canvas.clientHeight) / 2;
  const x = Math.round(((event.clientX - box.left - borderX) * canvas.width) / canvas.clientWidth);
  const y = Math.round(((event.clientY - box.top - borderY) * canvas.height) / canvas.clientHeight);
  return { x, y };
}

function startMirror() {
  const canvas = byId("mirror-canvas");
  const color = byId("mirror-color");
  const count = byId("mirror-count");
  const ink = canvas.getContext("2d");
  ink.lineWidth = 2.5;
  ink.lineCap = "round";

  const reader = new CommandReader();
  let received = 0;
  const card = new Card("lws-mirror-protocol", byId("mirror-state"), (text) => {
    count.textContent = String(++received);
    for (const command of reader.read(text)) draw(ink, command);
  });

  // Nothing is drawn here before it has been to the server and back: what is on the canvas is what everyone sees.
  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    last = positionOn(canvas, event);
    card.send(`c ${color.value} ${last.x} ${last.y} 1;`);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (last === null) return;
    const here = positionOn(canvas, event);
    if (here.x === last.x && here.y === last.y) return;
    card.send(`d ${color.value} ${last.x} ${last.y} ${here.x} ${here.y};`);
    last = here;
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => { last = null; });
  }

  byId("mirror-clear").addEventListener("click", () => ink.clearRect(0, 0, canvas.width, canvas.height));
  card.connect();
}

// Status: who is here.

function startStatus() {
  const version = byId("status-version");
  const hostname = byId("status-hostname");
  const connections = byId("status-connections");
  const rows = byId("status-rows");
  const numbers = byId("status-numbers");

  const card = new Card("lws-status", byId("status-state"), (text) => {
    const status = JSON.parse(text);
    if (status.metrics) {
      numbers.replaceChildren(...Object.entries(status.metrics).map(numberOf));
      return;
    }
    version.textContent = status.version ?? "";
    hostname.textContent = status.hostname ?? "";
    connections.textContent = status.wsi ?? "";
    rows.replaceChildren(...(status.conns ?? []).map(rowOf));
  }, () => {
    // The server's own numbers come every second to those who ask for them.
    if (card.isOpen) card.send("live");
  });
  card.connect();
}

/** A number of the server, such as the frames that it has sent. */
function numberOf([name, value]) {
  const row = document.createElement("tr");
  row.insertCell().textContent = name;
  row.insertCell().textContent = value;
  return row;
}

/** A row of the table. Names come from strangers, so they are set as text and never as markup. */
function rowOf({ peer, time, ua }) {
  const row = document.createElement("tr");
  for (const text of [peer, time, ua]) {
    row.insertCell().textContent = text ?? "";
  }
  return row;
}

startIncrement();
startMirror();
startStatus();
