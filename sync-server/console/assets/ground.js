// What every map stands on: colours by the reader's scheme, an empty ground, a background where one is configured.
import * as maplibre from "/console/assets/vendor/maplibre-gl.mjs";

export { maplibre };

const dark = matchMedia("(prefers-color-scheme: dark)").matches;
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const colours = {
  ink: dark ? "#aeb8bd" : "#46535a",
  paper: dark ? "#12171a" : "#f0eee8",
  land: dark ? "#1e272b" : "#fbfaf6",
  line: dark ? "#48545a" : "#b9b4a6",
  accent: token("--accent"),
  sides: [token("--side-1"), token("--side-2")],
  severity: ["match", ["get", "worst"], 1, dark ? "#e5736c" : "#b3261e", 2, dark ? "#e39a52" : "#cf6a12",
    3, dark ? "#cdb64c" : "#b39512", 4, dark ? "#7fa6c4" : "#5d82a0", dark ? "#4f8f89" : "#7fb0aa"],
};

/** A style without a single request, or with the operator's tiles below. */
export function ground(box) {
  const style = {
    version: 8, sources: {},
    layers: [{ id: "paper", type: "background", paint: { "background-color": colours.paper } }],
  };
  if (box.dataset.tiles) {
    style.sources.tiles = { type: "raster", tiles: [box.dataset.tiles], tileSize: 256, attribution: box.dataset.attribution };
    style.layers.push({ id: "tiles", type: "raster", source: "tiles", paint: { "raster-opacity": dark ? 0.6 : 0.9 } });
  }
  return style;
}

export async function load(path) {
  const answer = await fetch(path, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

export function bounds(features) {
  const all = new maplibre.LngLatBounds();
  for (const { geometry } of features) {
    const points = geometry.type === "Point" ? [geometry.coordinates] : geometry.coordinates.flat(2);
    for (const point of points) all.extend(point);
  }
  return all;
}
