// The map: grids coloured by gravest open finding or by coverage, the places of the chosen grid, a word about each.
import { maplibre, colours, ground, load, bounds } from "/console/assets/ground.js";

const box = document.getElementById("map");
const told = document.getElementById("map-told");
const middle = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Where most grids are: one place with wrong coordinates must not shrink the city to a dot. */
function home(features) {
  const centres = features.map((feature) => bounds([feature]).getCenter());
  const [lng, lat] = [middle(centres.map((c) => c.lng)), middle(centres.map((c) => c.lat))];
  const away = centres.map((c) => Math.hypot(c.lng - lng, c.lat - lat));
  const far = 8 * middle(away);
  return bounds(features.filter((_, n) => away[n] <= far));
}

// Coverage: one hue from pale to deep; findings: severity's own colours, no finding recedes.
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const share = ["interpolate", ["linear"], ["get", "share"], ...[0, 1, 2, 3, 4].flatMap((n) => [n / 4, token(`--cover-${n}`)])];
const paints = {
  worst: { colour: colours.severity, opacity: ["case", ["<", ["get", "worst"], 9], 0.62, 0.3] },
  share: { colour: share, opacity: 0.85 },
};

/** A small card at a point of the map; made of nodes, never of markup. */
function card(title, lines, href, word) {
  const body = document.createElement("div");
  const head = document.createElement("strong");
  head.textContent = title;
  body.append(head, ...lines.map((line) => {
    const text = document.createElement("p");
    text.textContent = line;
    return text;
  }));
  const link = document.createElement("a");
  [link.href, link.textContent] = [href, word];
  body.append(link);
  return body;
}

async function begin(grids) {
  const map = new maplibre.Map({
    container: box, style: ground(box), bounds: home(grids.features), fitBoundsOptions: { padding: 28 },
    attributionControl: box.dataset.tiles ? {} : false, dragRotate: false, pitchWithRotate: false,
  });
  map.addControl(new maplibre.NavigationControl({ showCompass: false }));
  map.addControl(new maplibre.ScaleControl({ maxWidth: 120 }), "bottom-left");
  await new Promise((done) => map.on("load", done));
  map.addSource("grids", { type: "geojson", data: grids, promoteId: "grid" });
  map.addSource("places", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  const over = (base, more) => ["case", ["boolean", ["feature-state", "over"], false], more, base];
  const chosen = (base, more) => ["case", ["boolean", ["feature-state", "chosen"], false], more, base];
  if (!box.dataset.tiles) map.addLayer({ id: "land", type: "fill", source: "grids", paint: { "fill-color": colours.land } });
  map.addLayer({ id: "cover", type: "fill", source: "grids",
    paint: { "fill-color": paints.worst.colour, "fill-opacity": paints.worst.opacity } });
  map.addLayer({ id: "borders", type: "line", source: "grids", layout: { "line-join": "round" },
    paint: { "line-color": chosen(over(colours.land, colours.ink), colours.ink), "line-width": chosen(over(1.5, 2), 3) } });
  map.addLayer({ id: "places", type: "circle", source: "places",
    paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 12, 2.5, 17, 7], "circle-color": colours.severity,
      "circle-stroke-color": colours.land, "circle-stroke-width": 1.2, "circle-opacity": ["case", ["get", "fresh"], 1, 0.5] } });

  const of = new Map(grids.features.map((feature) => [feature.properties.grid, feature]));
  const name = (grid) => of.get(grid)?.properties.title ?? grid;
  const popup = new maplibre.Popup({ closeButton: false, maxWidth: "18rem", offset: 8 });
  let last;
  const mark = (grid, what, on) => grid && map.setFeatureState({ source: "grids", id: grid }, { [what]: on });
  const open = async (grid) => {
    mark(last, "chosen", false);
    mark(grid, "chosen", true);
    last = grid;
    for (const button of document.querySelectorAll("[data-grid]")) {
      button.closest("tr").classList.toggle("here", button.dataset.grid === grid);
    }
    const places = await load(`/console/map/places?grid=${encodeURIComponent(grid)}`);
    map.getSource("places").setData(places);
    const feature = of.get(grid);
    if (feature) map.fitBounds(bounds([feature]), { padding: 40, maxZoom: 17, duration: matchMedia("(prefers-reduced-motion)").matches ? 0 : 500 });
    const { places: count, fresh } = feature?.properties ?? { places: places.features.length, fresh: 0 };
    told.replaceChildren(`${name(grid)}: ${count} ${box.dataset.places}, ${fresh} ${box.dataset.fresh}. `);
    const list = document.createElement("a");
    [list.href, list.textContent] = [`/console/places?grid=${grid}`, box.dataset.list];
    told.append(list);
  };
  map.on("click", "cover", (event) => {
    if (map.queryRenderedFeatures(event.point, { layers: ["places"] }).length === 0) open(event.features[0].properties.grid);
  });
  map.on("click", "places", (event) => {
    const { id, address, worst } = event.features[0].properties;
    const found = worst < 9 ? `S${worst}` : box.dataset.none;
    popup.setLngLat(event.lngLat).setDOMContent(card(address, [found], `/console/places/${id}`, box.dataset.open)).addTo(map);
  });
  let under;
  map.on("mousemove", "cover", ({ features: [{ properties }] }) => {
    if (under === properties.grid) return;
    mark(under, "over", false);
    mark((under = properties.grid), "over", true);
    map.getCanvas().style.cursor = "pointer";
    told.textContent = `${properties.title ?? properties.grid}: ${properties.places} ${box.dataset.places}, ${properties.fresh} ${box.dataset.fresh}`;
  });
  map.on("mouseleave", "cover", () => {
    mark(under, "over", false);
    under = undefined;
    map.getCanvas().style.cursor = "";
  });
  for (const button of document.querySelectorAll("[data-grid]")) button.addEventListener("click", () => open(button.dataset.grid));
  for (const button of document.querySelectorAll("[data-paint]")) {
    button.addEventListener("click", () => {
      const paint = paints[button.dataset.paint];
      map.setPaintProperty("cover", "fill-color", paint.colour);
      map.setPaintProperty("cover", "fill-opacity", paint.opacity);
      for (const other of document.querySelectorAll("[data-paint]")) other.setAttribute("aria-pressed", String(other === button));
      for (const legend of document.querySelectorAll("[data-legend]")) legend.hidden = legend.dataset.legend !== button.dataset.paint;
    });
  }
  box.dataset.ready = "1";
}

if (box) {
  const grids = await load("/console/map/grids");
  if (grids.features.length > 0) await begin(grids);
}
