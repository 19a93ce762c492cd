// The system's own browser, headless: /usr/bin/chromium, or what the variable CHROMIUM names. Its profile is a folder that goes away with it.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const STEP_DEADLINE = 20_000;
const LAUNCH_DEADLINE = 60_000;

const FLAGS = [
  "--headless=new",
  "--no-sandbox", // as root, which is what containers are, Chromium has no sandbox to offer
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts the browser, lets a script use it, and ends it whatever happens. A server with TLS has a certificate that was made for the visit, for which nobody
 * vouches; the browser takes it all the same.
 */
export async function withBrowser(use) {
  const profile = await mkdtemp(join(tmpdir(), "eventloops-browser-"));
  let context;
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      headless: true,
      ignoreHTTPSErrors: true,
      args: FLAGS,
      timeout: LAUNCH_DEADLINE,
      viewport: { width: 1280, height: 900 },
    });
    context.setDefaultTimeout(STEP_DEADLINE);
    await use(context);
  } finally {
    await context?.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One step of a visit, with a line about it. */
export async function step(name, action) {
  try {
    await action();
    console.log(`ok      ${name}`);
  } catch (error) {
    console.log(`FAILED  ${name}`);
    throw error;
  }
}
