// SPDX-License-Identifier: Apache-2.0
// Draws the circle of a search and the shops in it as SVG: no tiles, only the lines of latitude and longitude.
// Knows nothing of the page around it.
import { FARTHEST_M, locate, metres, project } from './geo.js';

const HALF = 500;      // of the drawing, in its own units
const RIM = 430;       // where the circle's rim is drawn
const SMALLEST = 8, LARGEST = 20; // radius of a shop
const CLASSES = 5;     // of popularity, as colours
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 150000, 300000]; // of 0.0001°
const LINES = 9;       // of the net, at most, each way
const POINTS = 96;     // of a line of the net
const POINT_M = 1;     // what stands for a radius of nothing

function element(name, attributes, text) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Degrees between the lines of the net, where that many are to be seen. */
function step(range) {
  return STEPS.map((tenThousandths) => tenThousandths / 10000).find((degrees) => range / degrees <= LINES) ?? 30;
}

const fixed = (number) => number.toFixed(1);

/** How the products of an answer are spread over the shops: [{shop, products, best}], the best last. */
export function byShop(products) {
  const shops = new Map();
  for (const product of products) {
    const entry = shops.get(product.shop.id) ?? { shop: product.shop, products: [], best: product.popularity };
    entry.products.push(product);
    shops.set(product.shop.id, entry);
  }
  return [...shops.values()].reverse();
}

export class SearchMap {
  /** onMove(place) is called when somebody points at another middle, onPoint(id or undefined) at a shop. */
  constructor(svg, { onMove, onPoint }) {
    this.svg = svg;
    svg.append(element('circle', { class: 'circle', r: RIM }));
    this.net = svg.appendChild(element('g', { class: 'net', 'aria-hidden': 'true' }));
    svg.append(element('path', { class: 'middle', d: 'M-9 0H9M0-9V9' }));
    this.shops = svg.appendChild(element('g', { class: 'shops', 'aria-hidden': 'true' }));
    this.scaleBar = svg.appendChild(element('g', { class: 'scale', 'aria-hidden': 'true' }));
    svg.addEventListener('click', (event) => {
      const place = this.view && locate(this.view.middle, this.metresAt(event));
      if (place) onMove(place);
    });
    this.shops.addEventListener('pointerover', (event) => onPoint(event.target.dataset.shop));
    this.shops.addEventListener('pointerout', () => onPoint(undefined));
  }

  metresAt(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return { x: point.x / this.view.scale, y: point.y / this.view.scale };
  }

  /** Shows a circle, and `shops` as byShop has them, coloured by the range of popularity. */
  draw(middle, radius, shops, range) {
    const shown = Math.min(Math.max(radius, POINT_M), FARTHEST_M);
    this.view = { middle, radius: shown, scale: RIM / shown };
    this.drawNet();
    this.drawScale();
    this.shops.replaceChildren(...shops.map((entry) => this.shopMark(entry, range)));
  }

  shopMark({ shop, best }, { low, high }) {
    const at = project(this.view.middle, shop);
    const share = high > low ? (best - low) / (high - low) : 1;
    const rank = Math.min(CLASSES - 1, Math.floor(share * CLASSES));
    return element('circle', {
      class: `shop p${rank}`, cx: fixed(at.x * this.view.scale), cy: fixed(at.y * this.view.scale),
      r: fixed(SMALLEST + (LARGEST - SMALLEST) * share), 'data-shop': shop.id,
    });
  }

  /** Marks one shop, or none. */
  mark(id) {
    for (const shop of this.shops.children) shop.classList.toggle('marked', shop.dataset.shop === id);
  }

  // --- the net of latitudes and longitudes

  drawNet() {
    const { middle, radius } = this.view;
    const reach = Math.min(radius * 1.65, FARTHEST_M) / FARTHEST_M * 180; // to the corners, in degrees
    const south = Math.max(-90, middle.lat - reach), north = Math.min(90, middle.lat + reach);
    const hasPole = middle.lat + reach >= 90 || middle.lat - reach <= -90;
    const aside = hasPole ? 180 : Math.min(180, reach / Math.cos(Math.max(Math.abs(south), Math.abs(north)) * Math.PI / 180));
    const latStep = step(north - south), lngStep = hasPole ? Math.max(30, latStep) : step(2 * aside);
    const lines = [];
    for (let i = Math.ceil(south / latStep); i * latStep <= north; i++)
      lines.push(this.line((t) => ({ lat: i * latStep, lng: middle.lng + (2 * t - 1) * aside })));
    for (let i = Math.ceil((middle.lng - aside) / lngStep); i * lngStep <= middle.lng + aside; i++)
      lines.push(this.line((t) => ({ lat: south + t * (north - south), lng: i * lngStep })));
    this.net.replaceChildren(...lines);
  }

  // Broken where it runs over the far side of the globe, which is all around the paper.
  line(at) {
    const points = Array.from({ length: POINTS + 1 }, (_, i) => project(this.view.middle, at(i / POINTS)));
    const d = points.map(({ x, y }, i) => {
      const last = points[i - 1];
      const isOn = last && Math.hypot(x - last.x, y - last.y) < this.view.radius / 2;
      return `${isOn ? 'L' : 'M'}${fixed(x * this.view.scale)} ${fixed(y * this.view.scale)}`;
    });
    return element('path', { d: d.join('') });
  }

  drawScale() {
    const most = this.view.radius / 2, power = 10 ** Math.floor(Math.log10(most));
    const length = [5, 2, 1].map((n) => n * power).find((n) => n <= most);
    const width = length * this.view.scale, x = -HALF + 24, y = HALF - 24;
    this.scaleBar.replaceChildren(
      element('path', { d: `M${x} ${y - 8}v8h${fixed(width)}v-8` }),
      element('text', { x: fixed(x + width + 10), y }, length < 1 ? `${length.toPrecision(1)} m` : metres(length)));
  }
}
