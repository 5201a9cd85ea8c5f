// SPDX-License-Identifier: Apache-2.0
// The files of csv-spectrum, which readers of CSV are measured by, into a table and out again: rows as the suite
// has them in JSON, and the same rows once more from the CSV that the server gives. RECKONER is the binary.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import readline from 'node:readline';
import { after, before, test } from 'node:test';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const RECKONER = process.env.RECKONER ?? path.join(HERE, '../../build/debug/reckoner');
const SUITE = path.join(HERE, 'node_modules/csv-spectrum');
const WAIT_MS = 30_000;
const UNLIKE = 'location_coordinates'; // its JSON has other cells than its CSV

const names = (await readdir(path.join(SUITE, 'csvs'))).map((file) => path.basename(file, '.csv'));
const expected = Object.fromEntries(await Promise.all(names.map(async (name) =>
  [name, [JSON.parse(await readFile(path.join(SUITE, 'json', `${name}.json`), 'utf8'))].flat()])));

let folder, server, base;

// Columns c0, c1 … of texts, under the names that the file has.
function endpoints(name) {
  const columns = Object.keys(expected[name][0]), own = columns.map((_, i) => `c${i}`);
  const fields = columns.map((column, i) => `-- @field c${i} text name "${column}"\n`).join('');
  const named = columns.map((column, i) => `c${i} AS "${column}"`).join(', ');
  return {
    [`post_${name}.sql`]: `-- @endpoint POST /${name}\n${fields}-- @write\nDELETE FROM ${name};\n-- @write\nINSERT INTO ${name} (line, ${own}) `
      + `SELECT line, ${own} FROM batch;\n-- @answer 204\n`,
    [`get_${name}.sql`]: `-- @endpoint GET /${name}\n-- @answer\nSELECT ${named} FROM ${name} ORDER BY line;\n`,
  };
}

async function writeApp(app) {
  const schema = names.map((name) => {
    const columns = Object.keys(expected[name][0]).map((_, i) => `c${i} text`);
    return `CREATE TABLE ${name} (line integer, ${columns});\n`;
  });
  await mkdir(path.join(app, 'schema'), { recursive: true });
  await writeFile(path.join(app, 'schema/001_tables.sql'), schema.join(''));
  for (const [file, text] of names.flatMap((name) => Object.entries(endpoints(name)))) await writeFile(path.join(app, file), text);
}

async function startServer(app) {
  server = spawn(RECKONER, ['serve', '--quiet', '--listen', '127.0.0.1:0', '--var', path.join(folder, 'var'), app], { stdio: ['ignore', 'ignore', 'pipe'] });
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
  folder = await mkdtemp(path.join(tmpdir(), 'reckoner-spectrum-'));
  await writeApp(path.join(folder, 'spectrum'));
  base = await startServer(path.join(folder, 'spectrum'));
}, { timeout: WAIT_MS * 4 });

after(async () => {
  server?.kill('SIGTERM');
  const code = await server?.ended;
  if (folder) await rm(folder, { recursive: true });
  assert.equal(code, 0, 'the server has to end cleanly');
});

async function post(name, body) {
  const answer = await fetch(`${base}/${name}`, { method: 'POST', body, headers: { 'Content-Type': 'text/csv' } });
  assert.equal(answer.status, 204, await answer.text());
}

// A cell that is empty without quotes is null here, which the suite has no word for.
async function rows(name) {
  const answer = await (await fetch(`${base}/${name}`)).json();
  return answer.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value ?? ''])));
}

for (const name of names) {
  test(`${name} is read as csv-spectrum has it, and once more from what the server gives`, { timeout: WAIT_MS }, async () => {
    await post(name, await readFile(path.join(SUITE, 'csvs', `${name}.csv`)));
    if (name !== UNLIKE) assert.deepEqual(await rows(name), expected[name]);
    const before = await (await fetch(`${base}/${name}`)).text();
    await post(name, await (await fetch(`${base}/${name}?format=csv`)).text());
    assert.equal(await (await fetch(`${base}/${name}`)).text(), before);
  });
}
