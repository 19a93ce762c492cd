// A client that puts a server to one test. Exit code 0 when it passes, 1 with a sentence when it does not.
// Usage: node client.mjs URL TEST plain|deflate|declined [WISHES]
//   plain offers no compression, deflate offers permessage-deflate and expects it to be agreed, declined offers it and expects that it is not.
//   WISHES is what it wants of it: "server_max_window_bits=9; client_no_context_takeover". The answer of the server is printed.
import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws";
import { deflateOptions } from "./deflate.mjs";

const Deadline = 30_000;
const Sizes = [0, 1, 125, 126, 127, 65535, 65536, 1024 * 1024];

const tests = {
  async sizes(socket) {
    for (const size of Sizes) {
      for (const binary of [false, true]) {
        const sent = binary ? pattern(size) : utf8Pattern(size);
        for (let i = 0; i < 3; i++) {
          socket.send(sent, { binary });
          const received = await next(socket);
          assert.equal(received.binary, binary);
          assert.ok(sent.equals(received.data), `${size} bytes came back as ${received.data.length} others`);
        }
      }
    }
    await closeNormally(socket);
  },

  async order(socket) {
    for (let i = 0; i < 200; i++) socket.send(`message ${i}`);
    for (let i = 0; i < 200; i++) assert.equal((await next(socket)).data.toString(), `message ${i}`);
    await closeNormally(socket);
  },

  async sendsFragments(socket) {
    for (const [fragments, size] of [[2, 10], [7, 1000], [100, 400_000]]) {
      const text = utf8Pattern(size);
      const length = Math.ceil(size / fragments);
      for (let start = 0; start < size; start += length) {
        socket.send(text.subarray(start, start + length), { binary: false, fin: start + length >= size });
        if (start === 0) socket.ping("between");
      }
      assert.ok(text.equals((await next(socket)).data));
    }
    await closeNormally(socket);
  },

  async receivesFragments(socket) {
    for (const [fragments, size] of [[2, 10], [7, 1000], [100, 1_000_000]]) {
      socket.send(`!fragments ${fragments} ${size}`);
      const received = await next(socket);
      assert.equal(received.binary, false);
      assert.ok(utf8Pattern(size).equals(received.data));
    }
    await closeNormally(socket);
  },

  async pings(socket) {
    for (const payload of ["", "are you there", "x".repeat(125)]) {
      socket.ping(payload);
      const [pong] = await once(socket, "pong");
      assert.equal(pong.toString(), payload);
    }
    await closeNormally(socket);
  },

  async answersPings(socket) {
    socket.send("!ping and-you");
    const [payload] = await once(socket, "ping");
    assert.equal(payload.toString(), "and-you");
    // The pong leaves before what is sent later, so that the server has it when the echo comes.
    socket.send("later");
    assert.equal((await next(socket)).data.toString(), "later");
    await closeNormally(socket);
  },

  async closes(socket) {
    socket.close(4001, "goodbye, friend");
    assert.deepEqual(await closed(socket), [4001, ""]);
  },

  async isClosed(socket) {
    socket.send("!close 4999 ä€😀");
    assert.deepEqual(await closed(socket), [4999, "ä€😀"]);
  },

  async isAborted(socket) {
    socket.on("error", () => {});
    socket.send("!abort");
    assert.equal((await closed(socket))[0], 1006);
  },
};

function pattern(size) {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = i ^ (i >> 8) ^ (i >> 16);
  return bytes;
}

// The same bytes as Message.Utf8Pattern: characters of one to four bytes, and letters at the end.
function utf8Pattern(size) {
  const characters = Buffer.from("aé€😀");
  const bytes = Buffer.alloc(size, "z");
  for (let at = 0; at + characters.length <= size; at += characters.length) characters.copy(bytes, at);
  return bytes;
}

function next(socket) {
  if (socket.waiting.length > 0) return Promise.resolve(socket.waiting.shift());
  return new Promise((resolve, reject) => {
    socket.resolveNext = resolve;
    socket.once("close", (code) => reject(new Error(`closed with ${code} while a message was awaited`)));
  });
}

async function closed(socket) {
  const [code, reason] = await once(socket, "close");
  return [code, reason.toString()];
}

async function closeNormally(socket) {
  socket.close(1000, "done");
  assert.deepEqual((await closed(socket))[0], 1000);
  assert.equal(socket.waiting.length, 0);
}

async function open(url, compression, wishes) {
  const socket = new WebSocket(url, ["unknown", "interop"], { perMessageDeflate: compression === "plain" ? false : deflateOptions(wishes) });
  socket.on("upgrade", (answer) => console.log(`agreed: ${answer.headers["sec-websocket-extensions"] ?? "nothing"}`));
  socket.waiting = [];
  socket.on("message", (data, binary) => {
    const message = { data, binary };
    const resolve = socket.resolveNext;
    socket.resolveNext = undefined;
    if (resolve) resolve(message);
    else socket.waiting.push(message);
  });
  await once(socket, "open");
  assert.equal(socket.protocol, "interop");
  assert.equal(socket.extensions.startsWith("permessage-deflate"), compression === "deflate", `the extensions are '${socket.extensions}'`);
  return socket;
}

const [url, name, compression, wishes = ""] = process.argv.slice(2);
if (!tests[name] || !["plain", "deflate", "declined"].includes(compression)) {
  console.error(`usage: node client.mjs URL ${Object.keys(tests).join("|")} plain|deflate|declined [WISHES]`);
  process.exit(2);
}

setTimeout(() => {
  console.error(`'${name}' did not end in time`);
  process.exit(1);
}, Deadline).unref();

try {
  await tests[name](await open(url, compression, wishes));
} catch (error) {
  console.error(`'${name}' failed: ${error.stack}`);
  process.exit(1);
}
