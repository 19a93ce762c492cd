// Opens WebSockets from the test server's page in a real browser, which offers permessage-deflate by itself, to a server that agrees to it.
// Usage: node deflate.test.mjs http://127.0.0.1:7681      The server runs with --deflate. Prints a line per step; exit code 0 means that every step held.

import { step, withBrowser } from "./browser.mjs";

const LARGE = 4 * 1024 * 1024;

async function visit(context, base) {
  const tab = await context.newPage();
  await step("the page opens", () => tab.goto(base, { waitUntil: "load" }));
  await step("the browser and the server agree on permessage-deflate", async () => {
    const extensions = await tab.evaluate(open, "echo");
    if (!extensions.split(/[;,]/).some((name) => name.trim() === "permessage-deflate")) throw new Error(`The extensions are '${extensions}'.`);
  });
  await step("a small text comes back", () => expectSame(tab, "text", 5));
  await step("an empty text comes back", () => expectSame(tab, "text", 0));
  await step("a large text comes back", () => expectSame(tab, "text", LARGE));
  await step("large bytes that no compressor makes shorter come back", () => expectSame(tab, "noise", LARGE));
  await step("it goes on after them", () => expectSame(tab, "text", 100_000));
  await step("a thousand messages come back in order", async () => {
    const wrong = await tab.evaluate(echoMany, 1000);
    if (wrong !== null) throw new Error(wrong);
  });
  await step("the connection closes cleanly", async () => {
    const end = await tab.evaluate(close);
    if (!end.wasClean || end.code !== 1000) throw new Error(`It closed with ${end.code}, clean: ${end.wasClean}.`);
  });
  await step("two readers of the mirror get the same", async () => {
    const texts = await tab.evaluate(mirror);
    if (texts.length !== 2 || texts[0] !== texts[1] || texts[0].length !== 3000) throw new Error(`They got ${texts.map((text) => text.length)} characters.`);
  });
}

async function expectSame(tab, kind, size) {
  const wrong = await tab.evaluate(echo, { kind, size });
  if (wrong !== null) throw new Error(wrong);
}

// What follows up to `mirror` runs inside the page.

function open(protocol) {
  return new Promise((resolve, reject) => {
    window.socket = new WebSocket(`ws://${location.host}/`, protocol);
    window.socket.binaryType = "arraybuffer";
    window.socket.onopen = () => resolve(window.socket.extensions);
    window.socket.onerror = () => reject(new Error("It did not open."));
  });
}

/** Sends a message and says in words what is wrong with the answer; null for nothing. */
function echo({ kind, size }) {
  let sent;
  if (kind === "text") {
    // Letters of one to four bytes in UTF-8, and numbers so that no two places are alike.
    const words = [];
    for (let length = 0, i = 0; length < size; i++) {
      words.push(`${i} ä€😀 `);
      length += words.at(-1).length;
    }
    sent = words.join("").slice(0, size).replace(/[\ud800-\udbff]$/, "x");
  } else {
    sent = new Uint8Array(size);
    for (let at = 0; at < size; at += 65536) crypto.getRandomValues(sent.subarray(at, Math.min(at + 65536, size)));
  }

  return new Promise((resolve) => {
    window.socket.onclose = (event) => resolve(`The connection closed with ${event.code}.`);
    window.socket.onmessage = ({ data }) => {
      if (kind === "text") {
        resolve(data === sent ? null : `${size} letters came back as ${data.length ?? data.byteLength} others.`);
        return;
      }
      const received = new Uint8Array(data);
      const differs = received.length !== sent.length || received.some((value, i) => value !== sent[i]);
      resolve(differs ? `${size} bytes came back as ${received.length} others.` : null);
    };
    window.socket.send(sent);
  });
}

function echoMany(count) {
  return new Promise((resolve) => {
    let next = 0;
    const text = (i) => `message ${i} ${"of many ".repeat(20)}`;
    window.socket.onclose = (event) => resolve(`The connection closed with ${event.code}.`);
    window.socket.onmessage = ({ data }) => {
      if (data !== text(next)) resolve(`'${data}' came instead of '${text(next)}'.`);
      else if (++next === count) resolve(null);
    };
    for (let i = 0; i < count; i++) window.socket.send(text(i));
  });
}

function close() {
  return new Promise((resolve) => {
    window.socket.onclose = ({ code, wasClean }) => resolve({ code, wasClean });
    window.socket.close(1000);
  });
}

async function mirror() {
  const sockets = [];
  for (let i = 0; i < 2; i++) {
    const socket = new WebSocket(`ws://${location.host}/`, "lws-mirror-protocol");
    await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
    sockets.push(socket);
  }
  const received = sockets.map((socket) => new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data))));
  // A line that draws nothing, so that the page, which is a reader too, has nothing to do with it.
  sockets[0].send("#".repeat(3000));
  return Promise.all(received);
}

const base = process.argv[2];
if (!base) {
  console.error("usage: node deflate.test.mjs BASE-URL");
  process.exit(2);
}

try {
  await withBrowser((context) => visit(context, base));
} catch (error) {
  console.log(error.message);
  process.exitCode = 1;
}
