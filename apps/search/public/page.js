// SPDX-License-Identifier: Apache-2.0
// The page: a form, a map and a list that show one question and its answer. The question stands in the address of
// the page in the words of GET /search, so that it can be kept, sent, and gone back to; whatever stands there is
// asked as it is, and it is the service that says what is wrong with it.
import { FARTHEST_M, locate, metres, project, rounded } from './geo.js';
import { SearchMap, byShop } from './map.js';

const NAMES = ['lat', 'lng', 'radius', 'count', 'tags', 'in_stock'];
const DEFAULT_RADIUS = 500;
const SLIDER_LOW_M = 50, SLIDER_STEPS = 1000; // the slider goes from this radius to the other side of the globe
const SLIDER_WAIT_MS = 80;
const KEYS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const KEY_STEP = 1 / 4;  // of the radius
const KEY_SIZE = { '+': 1 / 1.5, '=': 1 / 1.5, '-': 1.5 };

const $ = (id) => document.getElementById(id);
const form = $('question');
const map = new SearchMap($('map'), { onMove: (place) => ask({ ...question, ...asText(rounded(place)) }), onPoint: point });
let question = {};      // name: text; what is not given is not there
let products = [];      // of the answer that is shown
let knownTags = [];
let asking = new AbortController();

const asText = (place) => ({ lat: String(place.lat), lng: String(place.lng) });
const has = (text) => text !== undefined && text !== '';
const radiusOf = (asked) => (has(asked.radius) ? Number(asked.radius) : DEFAULT_RADIUS);
const middleOf = (asked) => ({ lat: Number(asked.lat), lng: Number(asked.lng) });
const tagsOf = (asked) => (asked.tags ?? '').split(',').map((tag) => tag.trim()).filter(Boolean);

function canBeDrawn(asked) {
  const { lat, lng } = middleOf(asked);
  return has(asked.lat) && has(asked.lng) && Math.abs(lat) <= 90 && Math.abs(lng) <= 180 && radiusOf(asked) >= 0;
}

// --- question, address and form

function targetOf(asked) {
  const given = NAMES.filter((name) => has(asked[name])).map((name) => [name, asked[name]]);
  return new URLSearchParams(given).toString();
}

function fromAddress() {
  const given = new URLSearchParams(location.search);
  return Object.fromEntries(NAMES.filter((name) => given.has(name)).map((name) => [name, given.getAll(name).join(',')]));
}

function fromForm() {
  const asked = Object.fromEntries(['lat', 'lng', 'radius', 'count'].map((name) => [name, form.elements[name].value.trim()]));
  asked.tags = [...form.querySelectorAll('#tags input:checked')].map((box) => box.value).join(',');
  asked.in_stock = form.elements.in_stock.checked ? 'true' : '';
  return asked;
}

function toForm(asked) {
  for (const name of ['lat', 'lng', 'radius', 'count']) form.elements[name].value = asked[name] ?? '';
  form.elements.in_stock.checked = asked.in_stock === 'true';
  showTags(tagsOf(asked));
  const share = Math.log(radiusOf(asked) / SLIDER_LOW_M) / Math.log(FARTHEST_M / SLIDER_LOW_M);
  $('slider').value = String(Math.round(share * SLIDER_STEPS));
  $('slider').setAttribute('aria-valuetext', canBeDrawn(asked) ? metres(radiusOf(asked)) : '');
}

function showTags(chosen) {
  const all = [...new Set([...knownTags, ...chosen])];
  const shown = [...form.querySelectorAll('#tags input')];
  if (shown.map((box) => box.value).join() !== all.join()) {
    $('tags').replaceChildren(...all.map((tag) => {
      const box = make('input', { type: 'checkbox', value: tag });
      return make('label', {}, box, ` ${tag}`);
    }));
  }
  for (const box of form.querySelectorAll('#tags input')) box.checked = chosen.includes(box.value);
}

function make(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// --- asking

async function getJson(target, signal) {
  const response = await fetch(target, { signal, headers: { Accept: 'application/json' } });
  return { ok: response.ok, body: await response.json() };
}

const isBusy = () => $('results').getAttribute('aria-busy') === 'true';

/** Asks, and shows what comes; a later question puts an earlier one off. */
async function ask(asked, { keepAddress = false } = {}) {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  question = asked;
  const target = targetOf(asked);
  if (!keepAddress && `?${target}` !== location.search) history.pushState(null, '', `?${target}`);
  toForm(asked);
  $('json').href = `search?${target}`;
  $('results').setAttribute('aria-busy', 'true');
  try {
    const answer = await getJson(`search?${target}`, signal);
    if (signal.aborted) return;
    showProblem(answer.ok ? undefined : answer.body);
    showProducts(answer.ok ? answer.body.products : []);
  } catch (error) {
    if (signal.aborted) return;
    showProblem({ detail: `The service cannot be reached (${error.message}). Is it running?` });
    showProducts([]);
  }
  $('results').setAttribute('aria-busy', 'false');
}

/** Where the page begins when nobody has said where: at the most popular product of all. */
async function somewhere() {
  const { ok, body } = await getJson(`search?lat=0&lng=0&radius=${Math.ceil(FARTHEST_M)}&count=1`);
  const shop = ok && body.products[0]?.shop;
  return shop ? asText(rounded(shop)) : { lat: '0', lng: '0' };
}

// --- showing

function showProblem(problem) {
  const errors = problem?.errors ?? [];
  for (const name of ['lat', 'lng', 'radius', 'count', 'tags']) {
    const error = errors.find(({ parameter }) => parameter === name);
    const place = $(`${name}-error`);
    place.hidden = !error;
    place.textContent = error ? `${error.detail[0].toUpperCase()}${error.detail.slice(1)}.` : '';
    if (form.elements[name]) form.elements[name].setAttribute('aria-invalid', String(Boolean(error)));
  }
  $('problem').hidden = !problem;
  const words = errors.map(({ parameter, detail }) => `${parameter} ${detail}`).join('; ');
  $('problem').textContent = problem ? `Nothing was searched: ${words || problem.detail}.`.replace(/\.\.$/, '.') : '';
  if (problem) $('status').textContent = '';
}

function showProducts(found) {
  products = found;
  const shops = byShop(found);
  const range = { low: found.at(-1)?.popularity ?? 0, high: found[0]?.popularity ?? 0 };
  if (canBeDrawn(question)) map.draw(middleOf(question), radiusOf(question), shops, range);
  $('legend').hidden = found.length === 0;
  $('legend-low').textContent = String(range.low);
  $('legend-high').textContent = String(range.high);
  if ($('problem').hidden) {
    $('status').textContent = found.length === 0
      ? `Nothing within ${metres(radiusOf(question))}. A larger radius or fewer tags may find something.`
      : `${found.length === 1 ? '1 product' : `${found.length} products`} in ${shops.length === 1 ? '1 shop' : `${shops.length} shops`}.`;
  }
  $('list').replaceChildren(...found.map(listed));
  point(undefined);
}

function listed(product) {
  const { shop } = product;
  const button = make('button', { type: 'button', 'data-shop': shop.id },
    make('span', { class: 'title' }, product.title),
    make('span', { class: 'popularity' }, String(product.popularity)),
    make('span', { class: 'shop-name' }, `${shop.name}, ${metres(project(middleOf(question), shop).distance)} away`),
    make('span', { class: product.quantity > 0 ? 'stock' : 'stock none' }, product.quantity > 0 ? `${product.quantity} in stock` : 'sold out'));
  return make('li', { 'data-product': product.id }, button);
}

/** Marks a shop on the map and in the list, and tells of it; undefined: none. */
function point(id) {
  const ofShop = products.filter(({ shop }) => shop.id === id);
  map.mark(id);
  for (const button of $('list').querySelectorAll('button')) button.classList.toggle('marked', button.dataset.shop === id);
  if (ofShop.length === 0) return $('details').replaceChildren();
  const [{ shop }] = ofShop;
  return $('details').replaceChildren(make('strong', {}, shop.name),
    `, ${metres(project(middleOf(question), shop).distance)} away: `,
    ofShop.map(({ title, popularity }) => `${title} (${popularity})`).join(', '));
}

// --- hands

form.addEventListener('submit', (event) => { // Enter in a field that was changed gives both events
  event.preventDefault();
  if (!isBusy() || targetOf(fromForm()) !== targetOf(question)) ask(fromForm());
});
form.addEventListener('change', (event) => {
  if (event.target !== $('slider')) ask(fromForm());
});
let sliding;
$('slider').addEventListener('input', () => {
  const radius = SLIDER_LOW_M * (FARTHEST_M / SLIDER_LOW_M) ** (Number($('slider').value) / SLIDER_STEPS);
  form.elements.radius.value = String(Math.min(Number(radius.toPrecision(2)), Math.ceil(FARTHEST_M)));
  clearTimeout(sliding);
  sliding = setTimeout(() => ask(fromForm()), SLIDER_WAIT_MS);
});
$('map').addEventListener('keydown', (event) => {
  if (!canBeDrawn(question) || event.ctrlKey || event.metaKey || event.altKey) return;
  const radius = radiusOf(question), direction = KEYS[event.key], size = KEY_SIZE[event.key];
  if (direction) {
    const place = locate(middleOf(question), { x: direction[0] * radius * KEY_STEP, y: direction[1] * radius * KEY_STEP });
    ask({ ...question, ...asText(rounded(place)) });
  } else if (size) {
    ask({ ...question, radius: String(Math.ceil(Math.min(Math.max(radius, 1) * size, FARTHEST_M))) });
  } else {
    return;
  }
  event.preventDefault();
});
for (const name of ['pointerover', 'focusin'])
  $('list').addEventListener(name, (event) => point(event.target.closest('button')?.dataset.shop));
for (const name of ['pointerleave', 'focusout']) $('list').addEventListener(name, () => point(undefined));
window.addEventListener('popstate', () => ask(fromAddress(), { keepAddress: true }));

const tags = await getJson('tags').catch(() => ({ ok: false }));
knownTags = tags.ok ? tags.body.tags : [];
const start = fromAddress();
await ask(has(start.lat) || has(start.lng) ? start : { ...start, ...await somewhere().catch(() => ({})) }, { keepAddress: true });
