// A server that echoes, and does what a text message that begins with "!" asks for, as InteropProtocol.cs does.
// Usage: node server.mjs plain|deflate [WISHES]
//   With deflate it agrees to permessage-deflate when a client offers it. WISHES is what it wants: "server_max_window_bits=9; client_no_context_takeover".
import { WebSocketServer } from "ws";
import { deflateOptions } from "./deflate.mjs";

const [compression, wishes = ""] = process.argv.slice(2);
if (compression !== "plain" && compression !== "deflate") {
  console.error("usage: node server.mjs plain|deflate [WISHES]");
  process.exit(2);
}

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  perMessageDeflate: compression === "deflate" ? deflateOptions(wishes) : false,
  handleProtocols: (offered) => (offered.has("interop") ? "interop" : false),
});

server.on("listening", () => console.log(`listening on ws://127.0.0.1:${server.address().port}/`));
server.on("connection", (socket) => {
  // A client that breaks a rule is told to its face; here it is only printed, for a test that fails.
  socket.on("error", (error) => console.log(`error: ${error.message}`));
  socket.on("message", (data, isBinary) => {
    if (!isBinary && data.subarray(0, 1).toString() === "!") obey(socket, data.toString());
    else socket.send(data, { binary: isBinary });
  });
});

function obey(socket, command) {
  const [verb, first, ...rest] = command.split(" ");
  switch (verb) {
    case "!fragments":
      sendInFragments(socket, Number(first), Number(rest[0]));
      break;
    case "!close":
      socket.close(Number(first), rest.join(" "));
      break;
    case "!abort":
      socket.terminate();
      break;
    case "!ping":
      socket.ping(first);
      break;
    default:
      throw new Error(`'${verb}' is no command.`);
  }
}

function sendInFragments(socket, fragments, size) {
  const text = utf8Pattern(size);
  const length = Math.max(1, Math.floor(size / fragments));
  for (let start = 0; start < size; start += length) {
    const fin = start + length >= size;
    socket.send(text.subarray(start, start + length), { binary: false, fin });
  }
}

// The same bytes as Message.Utf8Pattern: characters of one to four bytes, and letters at the end.
function utf8Pattern(size) {
  const characters = Buffer.from("aé€😀");
  const bytes = Buffer.alloc(size, "z");
  for (let at = 0; at + characters.length <= size; at += characters.length) characters.copy(bytes, at);
  return bytes;
}
