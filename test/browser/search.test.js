// SPDX-License-Identifier: Apache-2.0
// The page of apps/search in a real browser, against a real server: RECKONER is the binary, CHROMIUM the browser
// (Debian's unless said). What the page shows is compared with what the API says.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import readline from 'node:readline';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { chromium } from 'playwright-core';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const RECKONER = process.env.RECKONER ?? path.join(ROOT, 'build/debug/reckoner');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const WAIT_MS = 30_000;
const MIDDLE = 'lat=55.9533&lng=-3.1883';

let folder, server, base, browser, page;
let problems; // that the browser told of, in this test
let asked;    // addresses that the page asked for, in this test

async function startServer() {
  folder = await mkdtemp(path.join(tmpdir(), 'reckoner-browser-'));
  server = spawn(RECKONER, ['serve', '--quiet', '--listen', '127.0.0.1:0', '--var', folder, 'apps/search'],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  server.ended = new Promise((resolve) => { server.once('close', resolve); });
  let said = '';
  for await (const line of readline.createInterface({ input: server.stderr })) {
    said += `${line}\n`;
    const ready = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(line);
    if (ready) return ready[1];
  }
  throw new Error(`the server ended: ${said}`);
}

before(async () => {
  base = await startServer();
  // As root, as in a container, Chromium has no sandbox to put itself into.
  const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
  browser = await chromium.launch({ executablePath: CHROMIUM, args });
}, { timeout: WAIT_MS * 4 });

after(async () => {
  await browser?.close();
  server?.kill('SIGTERM');
  const code = await server?.ended;
  if (folder) await rm(folder, { recursive: true });
  assert.equal(code, 0, 'the server has to end cleanly');
});

beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.setDefaultTimeout(WAIT_MS);
  problems = [];
  asked = [];
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) problems.push(message.text()); });
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('request', (request) => asked.push(request.url()));
});

afterEach(async () => {
  await page.close();
  assert.deepEqual(problems, []);
  assert.deepEqual(asked.filter((url) => !url.startsWith(`${base}/`)), [], 'nothing is fetched from elsewhere');
});

const open = async (query) => {
  await page.goto(`${base}/?${query}`);
  await settled();
};
const settled = () => page.locator('#results[aria-busy=false]').waitFor(); // the page says when it waits
const query = () => new URL(page.url()).searchParams;
const listed = () => page.locator('#list li').evaluateAll((items) => items.map((item) => item.dataset.product));
const drawn = () => page.locator('#map .shop').evaluateAll((marks) => marks.map((mark) => mark.dataset.shop).sort());

async function api(params) {
  const response = await fetch(`${base}/search?${params}`);
  return { status: response.status, ...await response.json() };
}

/** Waits until the list is what the API answers to the page's address, and compares the map with it too. */
async function showsItsAnswer() {
  await settled();
  const { status, products } = await api(query());
  assert.equal(status, 200);
  assert.deepEqual(await listed(), products.map(({ id }) => id));
  assert.deepEqual(await drawn(), [...new Set(products.map(({ shop }) => shop.id))].sort());
  return products;
}

/** Does something that asks a new question, and waits for its answer. */
async function asking(act) {
  const answer = page.waitForResponse((response) => new URL(response.url()).pathname === '/search');
  await act();
  await answer;
  await settled();
}

test('without a question it starts where the most popular product is', async () => {
  await open('');
  const [first] = (await api('lat=0&lng=0&radius=20100000&count=1')).products;
  assert.equal((await listed())[0], first.id);
  assert.equal(Number(await page.inputValue('#lat')), first.shop.lat);
  assert.equal(Number(await page.inputValue('#lng')), first.shop.lng);
});

test('shops are drawn inside the circle, and the list is the answer', async () => {
  await open(`${MIDDLE}&radius=1000&count=50`);
  const products = await showsItsAnswer();
  assert.equal(products.length, 50);
  const rim = Number(await page.locator('#map .circle').getAttribute('r'));
  const away = await page.locator('#map .shop').evaluateAll((marks) =>
    marks.map((mark) => Math.hypot(mark.getAttribute('cx'), mark.getAttribute('cy'))));
  assert.ok(away.every((distance) => distance <= rim + 1), `${away}`);
  assert.match(await page.textContent('#status'), /^50 products in \d+ shops\.$/);
});

test('another radius is another answer, and stands in the address', async () => {
  await open(`${MIDDLE}&radius=300&count=20`);
  const before = await listed();
  await asking(async () => {
    await page.fill('#radius', '3000');
    await page.press('#radius', 'Enter');
  });
  assert.equal(query().get('radius'), '3000');
  await showsItsAnswer();
  assert.notDeepEqual(await listed(), before);
});

test('tags leave only the shops that have one of them', async () => {
  await open(`${MIDDLE}&radius=5000&count=30`);
  const before = await listed();
  await asking(() => page.getByLabel('whisky', { exact: true }).check());
  assert.equal(query().get('tags'), 'whisky');
  await showsItsAnswer();
  assert.notDeepEqual(await listed(), before);
  const one = await listed();
  await asking(() => page.getByLabel('bicycles', { exact: true }).check());
  assert.deepEqual(query().get('tags').split(',').sort(), ['bicycles', 'whisky']);
  await showsItsAnswer();
  assert.notDeepEqual(await listed(), one);
});

test('only what is in stock, on demand', async () => {
  await open(`${MIDDLE}&radius=5000&count=100`);
  assert.ok(await page.locator('.stock.none').count() > 0);
  await asking(() => page.getByLabel('In stock only').check());
  const products = await showsItsAnswer();
  assert.ok(products.every(({ quantity }) => quantity > 0));
  assert.equal(await page.locator('.stock.none').count(), 0);
});

test('a click on the map moves the circle there', async () => {
  await open(`${MIDDLE}&radius=1000`);
  const box = await page.locator('#map').boundingBox();
  await asking(() => page.mouse.click(box.x + box.width / 2, box.y + box.height * 0.07)); // the northern rim
  assert.equal(Number(query().get('lng')), -3.1883);
  const north = (Number(query().get('lat')) - 55.9533) * 111195;
  assert.ok(Math.abs(north - 1000) < 10, `${north} m`);
  await showsItsAnswer();
});

test('keys move and size the circle', async () => {
  await open(`${MIDDLE}&radius=1000`);
  await page.focus('#map');
  await asking(() => page.keyboard.press('ArrowRight'));
  assert.ok(Number(query().get('lng')) > -3.1883);
  await asking(() => page.keyboard.press('-'));
  assert.equal(query().get('radius'), '1500');
  await asking(() => page.keyboard.press('+'));
  assert.equal(query().get('radius'), '1000');
  await showsItsAnswer();
});

test('the slider reaches from one street to the whole world', async () => {
  await open(`${MIDDLE}&count=5`);
  await asking(() => page.focus('#slider').then(() => page.keyboard.press('End')));
  assert.equal(query().get('radius'), '20000000');
  await showsItsAnswer();
  await asking(() => page.keyboard.press('Home'));
  assert.equal(query().get('radius'), '50');
  await showsItsAnswer();
});

test('pointing at a product, by mouse or by key, marks its shop and tells of it', async () => {
  await open(`${MIDDLE}&radius=2000&count=5`);
  const { products: [first, second] } = await api(query());
  await page.locator('#list button').nth(0).hover();
  assert.equal(await page.locator('#map .shop.marked').getAttribute('data-shop'), first.shop.id);
  assert.match(await page.textContent('#details'), new RegExp(`^${first.shop.name}, .* away: .*${first.popularity}`));
  await page.locator('#list button').nth(1).focus();
  assert.equal(await page.locator('#map .shop.marked').getAttribute('data-shop'), second.shop.id);
  await page.locator(`#map .shop[data-shop="${first.shop.id}"]`).hover();
  assert.ok((await page.textContent('#details')).startsWith(first.shop.name));
});

test('back leads to the question before', async () => {
  await open(`${MIDDLE}&radius=300`);
  const before = await listed();
  await asking(async () => {
    await page.fill('#radius', '3000');
    await page.press('#radius', 'Enter');
  });
  await asking(() => page.goBack());
  assert.equal(await page.inputValue('#radius'), '300');
  assert.deepEqual(await listed(), before);
});

test('what the service refuses is told in its words, at the field', async () => {
  await open(`${MIDDLE}&radius=1000`);
  await asking(async () => {
    await page.fill('#radius', '12 miles');
    await page.press('#radius', 'Enter');
  });
  assert.equal(await page.textContent('#radius-error'), 'Must be a number from 0 to 20100000.');
  assert.equal(await page.getAttribute('#radius', 'aria-invalid'), 'true');
  assert.equal(await page.textContent('#problem'), 'Nothing was searched: radius must be a number from 0 to 20100000.');
  assert.deepEqual(await listed(), []);
  assert.equal(problems.length, 1); // the browser's own note of the status
  assert.match(problems.pop(), /status of 400/);
  await asking(async () => {
    await page.fill('#radius', '1000');
    await page.press('#radius', 'Enter');
  });
  assert.ok(await page.isHidden('#problem'));
  assert.ok(await page.isHidden('#radius-error'));
  await showsItsAnswer();
});

test('an empty answer is told in words', async () => {
  await open('lat=89.5&lng=10&radius=1500');
  assert.equal(await page.textContent('#status'), 'Nothing within 1.5 km. A larger radius or fewer tags may find something.');
  assert.deepEqual(await drawn(), []);
});

test('nothing that a title says becomes a part of the page', async () => {
  const id = 'zzz-<b>';
  const headers = { 'Content-Type': 'application/json' };
  const title = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
  for (const [target, row] of [['shops', { id, name: '<i>shop</i>', lat: 10, lng: 10 }],
    ['products', { id, shop_id: id, title, popularity: 0.1, quantity: 1 }]]) {
    const response = await fetch(`${base}/${target}`, { method: 'POST', headers, body: JSON.stringify(row) });
    assert.equal(response.status, 201);
  }
  await open('lat=10&lng=10&radius=10');
  assert.equal(await page.textContent('#list .title'), title);
  assert.equal(await page.locator('#list img, #list script, #list i').count(), 0);
  assert.equal(await page.title(), 'Product search');
  await page.locator('#list button').hover();
  assert.ok((await page.textContent('#details')).includes(title));
});
