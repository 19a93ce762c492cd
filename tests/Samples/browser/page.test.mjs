// Opens the test server's page in two tabs of a real browser and uses it as two visitors would.
// Usage: node page.test.mjs http://127.0.0.1:7681      Prints a line per step; exit code 0 means that every step held.

import { STEP_DEADLINE, step, withBrowser } from "./browser.mjs";

/** What a page may not do: say an error on its console, throw, or ask for something that is not there. */
const complaints = [];

async function visit(context, base) {
  const first = await openTab(context, base, "first tab");
  const second = await openTab(context, base, "second tab");

  await step("both tabs are connected", async () => {
    for (const tab of [first, second]) {
      for (const card of ["increment", "mirror", "status"]) await until(tab, isInState, { card, state: "open" });
    }
  });
  await step("the number counts past 5 in both", async () => {
    for (const tab of [first, second]) await until(tab, isPastFive);
  });
  await step("reset starts the number again", () => reset(first));
  await step("a stroke of the first tab appears in the second", () => drawAcross(first, second));
  await step("clearing is for one's own canvas only", () => clear(first, second));
  await step("the status of both shows both", async () => {
    for (const tab of [first, second]) await until(tab, hasRows, 2);
  });
  await step("the server closes on request, and the page can come back", () => closeAndReconnect(second));
  await step("the status notices who leaves", async () => {
    await second.close();
    await until(first, hasRows, 1);
  });
  await step("the browser had nothing to complain about", async () => {
    if (complaints.length > 0) throw new Error(complaints.join("\n"));
  });
}

async function openTab(context, base, name) {
  const tab = await context.newPage();
  tab.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${name}, console: ${message.text()}`);
  });
  tab.on("pageerror", (error) => complaints.push(`${name}, exception: ${error.message}`));
  tab.on("requestfailed", (request) => complaints.push(`${name}, request: ${request.url()} ${request.failure()?.errorText}`));
  tab.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${name}, answer: ${response.url()} ${response.status()}`);
  });
  await step(`the page opens in the ${name}`, () => tab.goto(base, { waitUntil: "load" }));
  return tab;
}

async function reset(tab) {
  // Watched from before the click on, so that a slow machine cannot miss the moment when the number is small.
  await tab.evaluate(() => {
    const value = document.getElementById("increment-value");
    window.smallest = Infinity;
    new MutationObserver(() => {
      window.smallest = Math.min(window.smallest, Number(value.textContent));
    }).observe(value, { childList: true, characterData: true, subtree: true });
  });
  await tab.click("#increment-reset");
  await until(tab, () => window.smallest <= 5);
  await until(tab, isPastFive);
}

async function drawAcross(from, to) {
  await from.fill("#mirror-color", "#ff0000");
  await from.bringToFront();
  await from.locator("#mirror-canvas").scrollIntoViewIfNeeded();
  const box = await from.locator("#mirror-canvas").boundingBox();
  const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
  await from.mouse.move(...at(0.25, 0.5));
  await from.mouse.down();
  await from.mouse.move(...at(0.75, 0.5), { steps: 8 });
  await from.mouse.up();

  for (const tab of [to, from]) await until(tab, hasRedStroke, true);
  await until(to, () => Number(document.getElementById("mirror-count").textContent) >= 9);
}

async function clear(own, others) {
  await own.click("#mirror-clear");
  await until(own, hasRedStroke, false);
  await until(others, hasRedStroke, true);
}

async function closeAndReconnect(tab) {
  await tab.click("#increment-closeme");
  await until(tab, isInState, { card: "increment", state: "closed" });
  await until(tab, () => document.getElementById("increment-state").textContent.includes("1001"));
  await tab.click("#increment-reconnect");
  await until(tab, isInState, { card: "increment", state: "open" });
  await until(tab, isPastFive);
}

// What follows up to `until` runs inside the page.

function isInState({ card, state }) {
  return document.getElementById(`${card}-state`).dataset.state === state;
}

function isPastFive() {
  return Number(document.getElementById("increment-value").textContent) > 5;
}

function hasRows(count) {
  const shown = Number(document.getElementById("status-connections").textContent);
  const named = document.getElementById("status-version").textContent.length > 1;
  return named && shown >= count && document.querySelectorAll("#status-rows tr").length === count;
}

/** True when the pixels in the middle row of the canvas, from a third to two thirds, are all red, or none of them is. */
function hasRedStroke(expected) {
  const canvas = document.getElementById("mirror-canvas");
  const start = Math.round(canvas.width / 3);
  const width = Math.round(canvas.width / 3);
  const { data } = canvas.getContext("2d").getImageData(start, canvas.height / 2 - 4, width, 8);
  for (let x = 0; x < width; x++) {
    let red = false;
    for (let y = 0; y < 8; y++) {
      const pixel = 4 * (y * width + x);
      red ||= data[pixel] > 200 && data[pixel + 1] < 60 && data[pixel + 2] < 60 && data[pixel + 3] > 128;
    }
    if (red !== expected) return false;
  }
  return true;
}

// Asked at a fixed pace: a tab in the background gets no animation frames.
function until(tab, condition, argument) {
  return tab.waitForFunction(condition, argument, { timeout: STEP_DEADLINE, polling: 50 });
}

const base = process.argv[2];
if (!base) {
  console.error("usage: node page.test.mjs BASE-URL");
  process.exit(2);
}

try {
  await withBrowser((context) => visit(context, base));
} catch (error) {
  console.log(error.message);
  for (const complaint of complaints) console.log(`complaint: ${complaint}`);
  process.exitCode = 1;
}
