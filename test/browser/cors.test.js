// SPDX-License-Identifier: Apache-2.0
// A page of another origin uses an app as its [cors] lets it, in a real browser against a real server. Pages come from a
// server of this test, at 127.0.0.1 and at localhost, which are two origins; the app names the first.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import readline from 'node:readline';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const RECKONER = process.env.RECKONER ?? path.join(ROOT, 'build/debug/reckoner');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const WAIT_MS = 30_000;
const APP = {
  'schema/001_t.sql': 'CREATE TABLE t (id integer PRIMARY KEY);\nINSERT INTO t VALUES (1), (2);\n',
  'get_rows.sql': '-- @endpoint GET /rows\n-- @answer\nSELECT id FROM t ORDER BY id;\n',
  'post_rows.sql': '-- @endpoint POST /rows\n-- @field id integer required\n-- @write\nINSERT INTO t SELECT id FROM batch;\n' +
    '-- @answer 201\nSELECT count(*) AS inserted FROM batch;\n',
  'get_mine.sql': '-- @endpoint GET /mine\n-- @access key\n-- @answer\nSELECT 7 AS id;\n',
};

let folder, server, base, key, pages, browser, named, other;

async function startServer(origin) {
  const app = path.join(folder, 'rows');
  await mkdir(path.join(app, 'schema'), { recursive: true });
  for (const [name, text] of Object.entries({ ...APP, 'app.ini': `[cors]\norigins = ${origin}\ncredentials = on\n` }))
    await writeFile(path.join(app, name), text);
  server = spawn(RECKONER, ['serve', '--quiet', '--listen', '127.0.0.1:0', '--var', path.join(folder, 'var'), app],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  server.ended = new Promise((resolve) => { server.once('close', resolve); });
  let said = '';
  for await (const line of readline.createInterface({ input: server.stderr })) {
    said += `${line}\n`;
    const ready = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(line);
    if (ready) {
      const made = execFileSync(RECKONER, ['key', 'create', app, '--var', path.join(folder, 'var')], { encoding: 'utf8' });
      key = /rckn_[0-9A-Za-z]{49}/.exec(made)[0];
      return ready[1];
    }
  }
  throw new Error(`the server ended: ${said}`);
}

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'reckoner-cors-'));
  pages = http.createServer((request, response) => response.setHeader('Content-Type', 'text/html').end('<!DOCTYPE html><title>T</title>'));
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  const { port } = pages.address();
  base = await startServer(`http://127.0.0.1:${port}`);
  const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
  browser = await chromium.launch({ executablePath: CHROMIUM, args });
  named = await browser.newPage();
  other = await browser.newPage();
  await named.goto(`http://127.0.0.1:${port}/`, { timeout: WAIT_MS });
  await other.goto(`http://localhost:${port}/`, { timeout: WAIT_MS });
}, { timeout: WAIT_MS * 4 });

after(async () => {
  await browser?.close();
  pages?.close();
  server?.kill('SIGTERM');
  const code = await server?.ended;
  if (folder) await rm(folder, { recursive: true });
  assert.equal(code, 0, 'the server has to end cleanly');
});

/** What a page sees of a request: status, some fields and the text; or the name of the error. */
const ask = (page, place, options = {}) => page.evaluate(async ([url, init]) => {
  try {
    const answer = await fetch(url, init);
    const fields = ['etag', 'cache-status', 'server-timing', 'x-content-type-options', 'www-authenticate'];
    return { status: answer.status, fields: Object.fromEntries(fields.map((name) => [name, answer.headers.get(name)])), text: await answer.text() };
  } catch (error) {
    return { error: error.name };
  }
}, [`${base}${place}`, options]);

const JSON_TYPE = { 'Content-Type': 'application/json' };
const BLOCKED = { error: 'TypeError' };
const count = async () => (await (await fetch(`${base}/rows`)).json()).length;

test('a plain GET is seen, with the fields that are exposed and no others', async () => {
  for (let i = 0; i < 3; i++) { // read, kept, near
    const { status, fields, text } = await ask(named, '/rows', { cache: 'no-store' });
    assert.equal(status, 200);
    assert.match(fields.etag, /^"/);
    assert.match(fields['cache-status'], /^Reckoner/);
    assert.equal(fields['x-content-type-options'], null);
    assert.deepEqual(JSON.parse(text)[0], { id: 1 });
  }
});

test('the browser asks again with the entity tag, and 304 is good', async () => {
  await ask(named, '/rows?again=1');
  assert.equal((await ask(named, '/rows?again=1', { cache: 'no-cache' })).status, 200);
});

test('a POST of JSON is preflighted and done', async () => {
  const before = await count();
  const { status, text } = await ask(named, '/rows', { method: 'POST', headers: JSON_TYPE, body: '[{"id": 11}]' });
  assert.equal(status, 201);
  assert.deepEqual(JSON.parse(text), [{ inserted: 1 }]);
  assert.equal(await count(), before + 1);
});

test('problems are seen', async () => {
  assert.equal((await ask(named, '/rows', { method: 'POST', headers: JSON_TYPE, body: '[{"id": "x"}]' })).status, 422);
  assert.equal((await ask(named, '/nowhere')).status, 404);
  const { status, fields } = await ask(named, '/mine');
  assert.equal(status, 401);
  assert.match(fields['www-authenticate'], /^Bearer/);
});

test('a key in Authorization passes, with and without credentials', async () => {
  for (const credentials of ['omit', 'include']) {
    const { status, text } = await ask(named, '/mine', { headers: { Authorization: `Bearer ${key}` }, credentials });
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(text), [{ id: 7 }]);
  }
  assert.equal((await ask(named, '/mine', { headers: { 'X-API-Key': key } })).status, 200);
});

test('a method that the path has not, and a field that nobody reads, are blocked', async () => {
  assert.deepEqual(await ask(named, '/rows', { method: 'DELETE' }), BLOCKED);
  assert.deepEqual(await ask(named, '/rows', { headers: { 'X-Nobody': '1' } }), BLOCKED);
});

test('another origin sees nothing, and does nothing that is preflighted', async () => {
  const before = await count();
  assert.deepEqual(await ask(other, '/rows'), BLOCKED);
  assert.deepEqual(await ask(other, '/nowhere'), BLOCKED);
  assert.deepEqual(await ask(other, '/mine', { headers: { Authorization: `Bearer ${key}` } }), BLOCKED);
  assert.deepEqual(await ask(other, '/rows', { method: 'POST', headers: JSON_TYPE, body: '[{"id": 12}]' }), BLOCKED);
  assert.equal(await count(), before);
});
