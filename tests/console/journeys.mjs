// Journeys of a supervisor through every page of the console, in Chinese and English.
// usage: node journeys.mjs URL SUMMARY.json CHROMIUM PROFILE PICTURES CHECKLISTS.yaml
import { readFile } from "node:fs/promises";
import { Desk, check, close, expect } from "./desk.mjs";

const [url, summary, chrome, profile, pictures, checklists] = process.argv.slice(2);
// The demo city's last line: whom it made logins for.
const { console: logins } = JSON.parse(await readFile(summary, "utf8"));
const holder = (role) => logins.accounts.find((account) => account.role === role).id;
const desk = await Desk.open({ url, chrome, profile, pictures });
const { page } = desk;
const LANGS = ["zh", "en"];
// A pair is there; two places on their map.
const PAIR = "#pair[data-ready], .twin:not(:has(#pair))";
const first = (selector) => page.locator(selector).first();
const href = async (selector) => first(selector).getAttribute("href");

await check("sign in", async () => {
  await desk.see("/console/login?lang=zh", "login");
  await desk.signIn(holder("supervisor"), logins);
});

const PAGES = [
  ["today", "/console/today"],
  ["review", "/console/review"],
  ["waiting", "/console/review/waiting"],
  ["clocks", "/console/review/clocks"],
  ["decided", "/console/review/decided"],
  ["places", "/console/places"],
  ["places-empty", "/console/places?q=nowhere"],
  ["visits", "/console/visits"],
  ["findings", "/console/findings?open=1"],
  ["checklists", "/console/checklists"],
  ["checklist", "/console/checklists/list/household"],
  ["phones", "/console/phones"],
  ["import", "/console/import"],
  ["export", "/console/export"],
];
for (const lang of LANGS) {
  for (const [name, path] of PAGES) {
    const join = path.includes("?") ? "&" : "?";
    await check(`${name} ${lang}`, () => desk.see(`${path}${join}lang=${lang}`, `${name}-${lang}`));
  }
  await check(`map ${lang}`, () => desk.see(`/console/map?lang=${lang}`, `map-${lang}`, { settled: "#map[data-ready]" }));
  await check(`doubles ${lang}`, () => desk.see(`/console/review/twins?lang=${lang}`, `twins-${lang}`, { settled: PAIR }));
  await check(`refused ${lang}`, async () => {
    await desk.see(`/console/audit?lang=${lang}`, `refused-${lang}`, { status: 403 });
  });
}

for (const lang of LANGS) {
  await check(`a place and its visit ${lang}`, async () => {
    await desk.see(`/console/findings?lang=${lang}`);
    const visit = await href("tbody a[href^='/console/visits/']");
    const place = await href("tbody a[href^='/console/places/']");
    await desk.see(visit, `visit-${lang}`);
    await desk.see(place, `place-${lang}`);
  });
}

for (const [name, path] of [["today", "/console/today"], ["review", "/console/review"], ["places", "/console/places"],
  ["findings", "/console/findings"], ["phones", "/console/phones"], ["waiting", "/console/review/waiting"],
  ["twins", "/console/review/twins"], ["map", "/console/map"], ["visits", "/console/visits"], ["import", "/console/import"]]) {
  await check(`${name} on a phone, in the dark, on paper`, () => desk.shapes(`${path}?lang=zh`, name));
}

await check("a conflict is settled by keys from the first page, taken back, and settled the other way", async () => {
  await desk.see("/console/today?lang=en");
  const began = Date.now();
  await page.keyboard.press("Enter");
  await page.waitForSelector(".conflict .value");
  const before = Number(await page.innerText(".queue h2 .number"));
  const field = await page.innerText("#what");
  await page.keyboard.press("2");
  await page.waitForSelector(".notice.good");
  const took = Date.now() - began;
  expect(took < 10_000, `it took ${took} ms`);
  expect((await page.innerText(".notice")).includes(`Decided: ${field}`), "the page says what is decided");
  await desk.sound("after a decision");
  await desk.picture("decided");
  await page.keyboard.press("u");
  await page.waitForFunction(() => document.querySelector(".notice")?.innerText.includes("Taken back"));
  expect((await page.innerText("#what")) === field, "the same field is open again");
  expect(Number(await page.innerText(".queue h2 .number")) === before, "it waits again");
  await page.keyboard.press("1");
  await page.waitForFunction(() => document.querySelector(".notice")?.innerText.includes("Decided"));
});

await check("the next and the one before by keys", async () => {
  await desk.see("/console/review?lang=en");
  const at = () => page.locator(".lines a[aria-current]").getAttribute("href");
  const one = await at();
  await page.keyboard.press("j");
  await page.waitForFunction((old) => document.querySelector(".lines a[aria-current]").getAttribute("href") !== old, one);
  await page.keyboard.press("k");
  await page.waitForFunction((old) => document.querySelector(".lines a[aria-current]").getAttribute("href") === old, one);
});

await check("an own value, and what does not fit is told", async () => {
  await desk.see("/console/review?lang=zh&kind=place");
  await page.keyboard.press("w");
  await page.keyboard.type("13812345678");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".notice.bad");
  await desk.picture("own-refused");
  await page.fill("#own", "7");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".notice.good");
});

await check("both are kept as a remark", async () => {
  await desk.see("/console/review?lang=zh");
  const place = await href(".crumbs a");
  await page.keyboard.press("b");
  await page.waitForSelector(".notice.good");
  await desk.see(place, "place-after-both");
  expect((await desk.text()).includes("督导员"), "the remark stands with the supervisor's post");
});

await check("two supervisors on one conflict: the second is told who settled it", async () => {
  await desk.see("/console/review?lang=zh");
  const other = await desk.browser.newPage();
  await other.goto(page.url());
  await page.keyboard.press("1");
  await page.waitForSelector(".notice.good");
  await other.keyboard.press("2");
  await other.waitForSelector(".notice.bad");
  expect((await other.innerText(".notice.bad")).includes("已经处理过"), "told that it was settled");
  await other.screenshot({ path: `${pictures}/already-settled.png` });
  await other.close();
});

await check("waiting changes are accepted one by one and discarded by phone", async () => {
  await desk.see("/console/review/waiting?lang=zh");
  await first(".pick input").check();
  await page.click(".sticky button.first");
  await page.waitForSelector(".notice");
  await desk.picture("accepted");
  await first("button.danger").click();
  await page.waitForSelector(".notice");
});

await check("doubles: two places, taken back, one place with its history, taken back", async () => {
  const waiting = async () => Number(await page.innerText(".queue h2 .number"));
  const open = async (path) => desk.see(path, undefined, { settled: PAIR });
  await open("/console/review/twins?lang=zh");
  const before = await waiting();
  const pair = await page.innerText("#what");
  await page.keyboard.press("n");
  await page.waitForSelector(".notice.good");
  expect((await waiting()) === before - 1, "one pair less");
  await page.keyboard.press("u");
  await page.waitForFunction(() => document.querySelector(".notice")?.innerText.includes("已撤销"));
  expect((await page.innerText("#what")) === pair, "the same pair is open again");
  await page.locator(".lines a", { hasText: "两处场所" }).first().click();
  await page.waitForFunction(() => document.querySelector("#what")?.innerText.includes("是同一处吗"));
  const kept = await href(".compare thead a");
  await page.keyboard.press("1");
  await page.waitForFunction(() => document.querySelector(".notice")?.innerText.includes("已合并"));
  // A merged place leaves every pair it stood in.
  expect((await waiting()) < before, `${before} pairs, ${await waiting()} left`);
  await desk.sound("merged");
  await desk.picture("twins-merged");
  await desk.see(kept, "place-merged");
  expect((await desk.text()).includes("合并"), "the kept place tells of the other one");
  await desk.see("/console/review/decided?lang=zh", "decided-pairs");
  await first("form[action='/console/review/twins/undo'] button").click();
  await page.waitForFunction(() => document.querySelector(".notice")?.innerText.includes("已撤销"));
  expect((await waiting()) === before, "all wait again");
});

await check("doubles: two visits of one place are compared", async () => {
  await desk.see("/console/review/twins?lang=en", undefined, { settled: PAIR });
  const visits = page.locator(".lines a", { hasText: "two visits" }).first();
  if ((await visits.count()) === 0) return; // the demo city has none on these days
  await visits.click();
  await page.waitForFunction(() => document.querySelector("#what")?.innerText.includes("One visit"));
  await desk.sound("two visits");
  await desk.picture("twins-visits-en");
});

await check("a list of places is brought: wrong rows are told one by one, then it is written with progress", async () => {
  await desk.see("/console/import?lang=en");
  const bring = async (name, text) => {
    await page.setInputFiles("#file", { name, mimeType: "text/csv", buffer: Buffer.from(text) });
    await Promise.all([page.waitForNavigation(), page.click("form[data-upload] button[type=submit]")]);
    await page.waitForSelector("#state .notice:not([hx-get])");
  };
  const head = "key,grid,kind,address,lat,lon\n";
  const row = (n, grid = "329901001001001") => `i${n},${grid},dwelling,进口路${n}号,33.5,123.5\n`;
  await bring("places.csv", `${head}${row(1)}${row(2, "32990100100100")}i3,329901001001001,castle,进口路3号,north,123.5\n`);
  expect((await page.locator(".mistaken tbody tr").count()) === 3, "three mistakes");
  await desk.sound("mistakes of an import");
  await desk.picture("import-mistakes-en");
  const rows = Array.from({ length: 1200 }, (_, n) => row(n)).join("");
  await bring("places.csv", head + rows);
  expect((await page.innerText("#state")).includes("1200 added"), await page.innerText("#state"));
  await bring("places.csv", head + rows);
  expect((await page.innerText("#state")).includes("1200 the same"), await page.innerText("#state"));
  await bring("people.csv", "key,grid,kind,address,lat,lon,联系电话\n");
  expect((await page.innerText("#state")).includes("about people"), await page.innerText("#state"));
  await desk.see("/console/places?q=进口路1&lang=zh");
  expect((await page.locator("tbody tr").count()) > 10, "they are in the list");
});

await check("a phone is let in by a code on the screen and revoked", async () => {
  await desk.see("/console/phones?lang=zh");
  await page.fill("#person", "new-worker");
  await page.fill("#grids", "329901001012001");
  await page.click("section form button.first");
  await page.waitForSelector(".qr svg");
  await desk.sound("enrolment code");
  await desk.picture("enrol");
  await desk.see("/console/phones?lang=zh");
  await first("details.act summary").click();
  await first("details.act button").click();
  await page.waitForSelector(".notice.good");
});

await check("checklists: mistakes are told, differences shown, the version published", async () => {
  const yaml = await readFile(checklists, "utf8");
  const propose = async (text) => {
    await desk.see("/console/checklists?lang=zh");
    await page.locator("#yaml").evaluate((field, whole) => { field.value = whole; }, text);
    await page.click("section form button.first");
  };
  await propose(yaml.replace("severity: S1", "severity: S9"));
  await page.waitForSelector(".mistakes li");
  await desk.sound("mistakes");
  await desk.picture("checklist-mistakes");
  const version = /content_version: *["']?([^"'\n]+)/.exec(yaml)[1];
  await propose(yaml.replace(version, `${version}-b`).replace("est_minutes: 15", "est_minutes: 16"));
  await page.waitForSelector(".sticky button.first");
  await desk.sound("differences");
  await desk.picture("checklist-diff");
  await page.click(".sticky button.first");
  await page.waitForSelector(".notice.good");
  expect((await desk.text()).includes(`${version}-b`), "the new version is in use");
});

await check("exports are whole files", async () => {
  for (const [file, begins] of [["places.csv", "\ufeffid,grid"], ["visits.geojson", "{\"type\":\"FeatureCollection\""],
    ["findings.csv", "\ufeffvisit,code"], ["places.xlsx", "PK"]]) {
    const answer = await page.request.get(`${url}/console/export/${file}`);
    expect(answer.status() === 200, `${file}: ${answer.status()}`);
    expect((await answer.text()).startsWith(begins), `${file} begins otherwise`);
  }
});

// What each role finds in the navigation; every other page refuses it.
const RECORDS = ["places", "map", "visits", "findings"];
const SIGHTS = {
  dispatcher: ["today", ...RECORDS, "checklists"],
  acceptor: ["today", ...RECORDS, "checklists"],
  checker: ["today", ...RECORDS, "checklists"],
  handler: ["today", ...RECORDS, "checklists"],
  evaluator: ["today", ...RECORDS, "checklists", "export"],
  auditor: ["today", "audit"],
  privacy_officer: ["today", "audit"],
  system_administrator: ["today", "checklists", "phones", "people"],
};
const ROOMS = ["today", "review", ...RECORDS, "checklists", "phones", "people", "import", "export", "audit"];
const room = (path) => path.split(/[/?#]/)[2];
/** Where the page being shown leads. */
const links = () => page.$$eval("a[href^='/console/']", (all) => all.map((a) => a.getAttribute("href")));

/** The status of a path, and where its page leads; how pages look is checked above. */
const ask = (path) => page.evaluate(async (to) => {
  const answer = await fetch(to, { redirect: "manual" });
  const html = /html/.test(answer.headers.get("content-type") ?? "") ? await answer.text() : "";
  const all = new DOMParser().parseFromString(html, "text/html").querySelectorAll("a[href^='/console/']");
  return { status: answer.status, links: [...all].map((a) => a.getAttribute("href")) };
}, path);

/** Every link that leads on from the first page, one of each shape; all must open. */
async function crawl() {
  const shape = (path) => path.replace(/[0-9a-f]{32}/g, "ID").replace(/=[^&]*/g, "=").replace(/\d{15}/g, "GRID");
  const known = new Map([["/console/today", "/console/today"]]);
  for (const path of known.values()) {
    if (/^\/console\/(export|checklists\/file)/.test(path)) continue; // files, looked at above
    const answer = await ask(path);
    expect(answer.status === 200, `${path}: ${answer.status}`);
    for (const next of answer.links) if (!known.has(shape(next)) && !next.includes("lang=")) known.set(shape(next), next);
  }
  return [...known.values()];
}

const seen = new Set();
await check("every link of a supervisor opens", async () => {
  for (const path of await crawl()) seen.add(path);
  expect(seen.size > 20, `only ${seen.size} links`);
});

await check("signing out", async () => {
  await desk.signOut();
  const answer = await page.goto(`${url}/console/review`);
  expect(answer.url().endsWith("/console/login"), "the queue asks to sign in");
});

/** An administrator adds an account; what does not fit is told; it ends. */
async function accounts() {
  for (const lang of LANGS) await desk.see(`/console/people?lang=${lang}`, `people-${lang}`);
  await desk.shapes("/console/people?lang=zh", "people");
  await desk.see("/console/people?lang=zh");
  const fill = async (areas) => {
    await page.fill("#id", "a-new-post");
    await page.selectOption("#post", "supervisor");
    await page.fill("#areas", areas);
    await page.click("section form button.first");
  };
  await fill("32990");
  await page.waitForSelector(".notice.bad");
  await desk.sound("an area that is none");
  await fill("329901");
  await page.waitForSelector(".notice.good");
  await page.goto(`${url}/console/people?q=a-new-post`);
  await first("details.act summary").click();
  await first("details.act button").click();
  await page.waitForSelector(".notice.good");
  await desk.see("/console/people?q=a-new-post&lang=en", "people-ended");
  expect((await desk.text()).includes("ended"), "the account is shown as ended");
}

for (const [role, sights] of Object.entries(SIGHTS)) {
  await check(`${role}: its pages open, all others refuse`, async () => {
    await desk.signIn(holder(role), logins);
    for (const lang of LANGS) await desk.see(`/console/today?lang=${lang}`, `today-${role}-${lang}`);
    for (const path of await crawl()) seen.add(path);
    const shown = new Set((await links()).map(room));
    const other = [...shown].filter((name) => ROOMS.includes(name) && !sights.includes(name));
    expect(other.length === 0, `it is shown the way to ${other}`);
    for (const path of [...seen, ...ROOMS.map((name) => `/console/${name}`)]) {
      const open = sights.includes(room(path) === "photos" ? "visits" : room(path));
      const { status } = await ask(path);
      expect(open ? status === 200 : status === 403, `${path}: ${status}`);
    }
    if (role === "system_administrator") await check("an account is added, told what does not fit, and ended", accounts);
    await desk.signOut();
  });
}

await desk.browser.close();
process.exit(close() ? 0 : 1);
