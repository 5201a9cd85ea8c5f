// SPDX-License-Identifier: Apache-2.0
// Points on the globe and on paper. The paper is an azimuthal equidistant map: distances and directions from its
// middle are true, so that the circle of a search is a circle at any size, at the poles and across the 180th
// meridian too. Degrees outside, radians inside; metres; x goes east, y south.

const EARTH_M = 6371000;
export const FARTHEST_M = Math.PI * EARTH_M;

const radians = (degrees) => degrees * Math.PI / 180;
const degrees = (angle) => angle * 180 / Math.PI;

/** Where a place lies as seen from the middle: {x, y}, and its distance, all in metres. */
export function project(middle, place) {
  const lat = radians(middle.lat), to = radians(place.lat), turn = radians(place.lng - middle.lng);
  const east = Math.cos(to) * Math.sin(turn);
  const north = Math.cos(lat) * Math.sin(to) - Math.sin(lat) * Math.cos(to) * Math.cos(turn);
  const along = Math.sin(lat) * Math.sin(to) + Math.cos(lat) * Math.cos(to) * Math.cos(turn);
  const across = Math.hypot(east, north);
  const distance = EARTH_M * Math.atan2(across, along);
  const scale = across > 0 ? distance / across : 0;
  return { x: east * scale, y: -north * scale, distance };
}

/** The place at x, y metres from the middle; undefined beyond the far side of the globe. */
export function locate(middle, { x, y }) {
  const distance = Math.hypot(x, y), angle = distance / EARTH_M;
  if (distance > FARTHEST_M) return undefined;
  if (distance === 0) return { ...middle };
  const lat = radians(middle.lat), east = x / distance, north = -y / distance;
  const sine = Math.sin(lat) * Math.cos(angle) + Math.cos(lat) * Math.sin(angle) * north;
  const turn = Math.atan2(east * Math.sin(angle), Math.cos(lat) * Math.cos(angle) - Math.sin(lat) * Math.sin(angle) * north);
  const lng = middle.lng + degrees(turn);
  return { lat: degrees(Math.asin(Math.min(1, Math.max(-1, sine)))), lng: lng - 360 * Math.floor((lng + 180) / 360) };
}

/** Enough digits for the metre that a click or key means. */
export function rounded(place) {
  return { lat: Number(place.lat.toFixed(6)), lng: Number(place.lng.toFixed(6)) };
}

export function metres(distance) {
  if (distance < 1000) return `${Math.round(distance)} m`;
  return `${(distance / 1000).toLocaleString('en', { maximumSignificantDigits: 3 })} km`;
}
