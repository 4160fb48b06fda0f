// The map: grids coloured by coverage and gravest open finding, the places of the chosen grid.
// Draws without any tiles; a tile source only adds a background.
import * as maplibre from "/console/assets/vendor/maplibre-gl.mjs";

const box = document.getElementById("map");
const told = document.getElementById("map-told");
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
const ink = dark ? "#a9b1b5" : "#525c63";
const paper = dark ? "#14181a" : "#eeece5";
const severity = ["match", ["get", "worst"], 1, dark ? "#f0918b" : "#a3231d", 2, dark ? "#eda86a" : "#c25a00",
  3, dark ? "#d9c65a" : "#8a7500", 4, dark ? "#9cc0dc" : "#3f5f78", dark ? "#3c6b68" : "#8fb5b2"];

const style = {
  version: 8,
  sources: {},
  layers: [{ id: "paper", type: "background", paint: { "background-color": paper } }],
};
if (box.dataset.tiles) {
  style.sources.tiles = { type: "raster", tiles: [box.dataset.tiles], tileSize: 256, attribution: box.dataset.attribution };
  style.layers.push({ id: "tiles", type: "raster", source: "tiles" });
}

async function load(path) {
  const answer = await fetch(path, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function bounds(features) {
  const all = new maplibre.LngLatBounds();
  for (const { geometry } of features) {
    const points = geometry.type === "Point" ? [geometry.coordinates] : geometry.coordinates.flat(2);
    for (const point of points) all.extend(point);
  }
  return all;
}

const middle = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Where most grids are: one place with wrong coordinates must not shrink the city to a dot. */
function home(features) {
  const centres = features.map((feature) => bounds([feature]).getCenter());
  const [lng, lat] = [middle(centres.map((c) => c.lng)), middle(centres.map((c) => c.lat))];
  const away = centres.map((c) => Math.hypot(c.lng - lng, c.lat - lat));
  const far = 8 * middle(away);
  return bounds(features.filter((_, n) => away[n] <= far));
}

const grids = await load("/console/map/grids");
if (grids.features.length > 0) {
  const map = new maplibre.Map({
    container: box, style, bounds: home(grids.features), fitBoundsOptions: { padding: 24 },
    attributionControl: box.dataset.tiles ? {} : false, dragRotate: false, pitchWithRotate: false,
  });
  map.addControl(new maplibre.NavigationControl({ showCompass: false }));
  await new Promise((done) => map.on("load", done));
  map.addSource("grids", { type: "geojson", data: grids });
  map.addSource("places", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  map.addLayer({ id: "cover", type: "fill", source: "grids",
    paint: { "fill-color": severity, "fill-opacity": ["-", 0.65, ["*", 0.5, ["get", "share"]]] } });
  map.addLayer({ id: "borders", type: "line", source: "grids", paint: { "line-color": ink, "line-width": 1 } });
  map.addLayer({ id: "places", type: "circle", source: "places",
    paint: { "circle-radius": 5, "circle-color": severity, "circle-stroke-color": paper, "circle-stroke-width": 1.5,
      "circle-opacity": ["case", ["get", "fresh"], 1, 0.55] } });

  const named = new Map(grids.features.map(({ properties }) => [properties.grid, properties.title ?? properties.grid]));
  const open = async (grid) => {
    const places = await load(`/console/map/places?grid=${encodeURIComponent(grid)}`);
    map.getSource("places").setData(places);
    if (places.features.length > 0) map.fitBounds(bounds(places.features), { padding: 40, maxZoom: 17 });
    told.textContent = `${named.get(grid) ?? grid}: ${places.features.length} ${box.dataset.places}`;
  };
  map.on("click", "cover", (event) => {
    if (map.queryRenderedFeatures(event.point, { layers: ["places"] }).length === 0) {
      open(event.features[0].properties.grid);
    }
  });
  map.on("click", "places", (event) => {
    location.assign(`/console/places/${event.features[0].properties.id}`);
  });
  for (const layer of ["cover", "places"]) {
    map.on("mousemove", layer, (event) => {
      map.getCanvas().style.cursor = "pointer";
      const { grid, title, address, places, fresh } = event.features[0].properties;
      told.textContent = address ?? `${title ?? grid} · ${places} ${box.dataset.places} · ${fresh} ${box.dataset.fresh}`;
    });
    map.on("mouseleave", layer, () => { map.getCanvas().style.cursor = ""; });
  }
  for (const button of document.querySelectorAll("[data-grid]")) {
    button.addEventListener("click", () => { open(button.dataset.grid); box.scrollIntoView({ block: "center" }); });
  }
  box.dataset.ready = "1";
}
