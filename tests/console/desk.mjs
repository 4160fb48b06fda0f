// A browser at the console's desk: opens pages, watches what must never happen, keeps pictures.
import { mkdir } from "node:fs/promises";
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps"];

let passed = 0;
const failures = [];

/** One check; a failure is told and counted, the rest goes on. */
export async function check(name, work) {
  try {
    await work();
    passed += 1;
  } catch (error) {
    failures.push(name);
    console.log(`FAILED ${name}: ${String(error.message ?? error).split("\n").slice(0, 6).join("\n  ")}`);
  }
}

export function expect(condition, what) {
  if (!condition) throw new Error(what);
}

/** The closing line; says whether all went well. */
export function close() {
  console.log(`${passed} passed, ${failures.length} failed`);
  return failures.length === 0;
}

/** The digits of an authenticator (RFC 6238) for a secret in hex. */
function digits(secret) {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac("sha1", Buffer.from(secret, "hex")).update(step).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

export class Desk {
  static async open({ url, chrome, profile, pictures }) {
    await mkdir(pictures, { recursive: true });
    const browser = await chromium.launchPersistentContext(profile, {
      executablePath: chrome, args: FLAGS, headless: true, viewport: { width: 1280, height: 860 }, locale: "zh-CN",
    });
    return new Desk({ url, browser, pictures });
  }

  constructor({ url, browser, pictures }) {
    Object.assign(this, { url, browser, pictures, trouble: [] });
    this.page = browser.pages()[0];
    const own = new URL(url).origin;
    this.page.on("console", (message) => {
      if (message.type() === "error") this.trouble.push(message.text());
    });
    this.page.on("pageerror", (error) => this.trouble.push(String(error)));
    this.page.on("request", (request) => {
      const to = request.url();
      if (!to.startsWith(own) && !to.startsWith("data:") && !to.startsWith("blob:")) this.trouble.push(`asked ${to}`);
    });
  }

  /** As somebody does who has an account: name, password, the digits of the moment. */
  async signIn(account, { password, factor }) {
    await this.page.goto(`${this.url}/console/login`);
    await this.page.fill("#account", account);
    await this.page.fill("#password", password);
    await this.page.fill("#factor", digits(factor));
    await Promise.all([this.page.waitForURL("**/console/today"), this.page.click("form[action='/console/signin'] button")]);
  }

  async signOut() {
    await this.page.goto(`${this.url}/console/today`);
    await this.page.click("form[action='/console/logout'] button");
    await this.page.waitForURL("**/console/login");
  }

  /** Opens a page; it must answer, break no rule of its policy, ask nobody else, and satisfy axe. */
  async see(path, picture, { status = 200, settled } = {}) {
    this.trouble = [];
    const answer = await this.page.goto(this.url + path, { waitUntil: "load" });
    expect(answer.status() === status, `${path}: ${answer.status()} instead of ${status}`);
    if (settled) await this.page.waitForSelector(settled);
    await this.sound(path);
    if (picture) await this.picture(picture);
  }

  async sound(where) {
    const own = this.trouble.filter((text) => !/status of 403/.test(text));
    expect(own.length === 0, `${where}: ${own.join("; ")}`);
    // The page's policy forbids foreign scripts, so axe comes in through the debugger.
    const found = await this.axe();
    expect(found.length === 0, `${where}: ${found.join("; ")}`);
  }

  async axe() {
    const { readFile } = await import("node:fs/promises");
    this.axeText ??= await readFile(axe, "utf8");
    await this.page.evaluate(this.axeText);
    const { violations } = await this.page.evaluate(() =>
      globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map((n) => n.html.slice(0, 120)).join(" | ")}`);
  }

  async picture(name) {
    await this.page.screenshot({ path: `${this.pictures}/${name}.png`, fullPage: true });
  }

  async text() {
    return this.page.innerText("body");
  }

  /** One page on a phone's screen, in the dark and on paper. */
  async shapes(path, name) {
    await this.page.setViewportSize({ width: 390, height: 844 });
    await this.see(path, `${name}-phone`);
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide <= 0, `${path}: ${wide} px wider than a phone`);
    await this.page.setViewportSize({ width: 1280, height: 860 });
    await this.page.emulateMedia({ colorScheme: "dark" });
    await this.see(path, `${name}-dark`);
    await this.page.emulateMedia({ colorScheme: "light", media: "print" });
    await this.picture(`${name}-print`);
    await this.page.emulateMedia({ colorScheme: null, media: null });
  }
}
