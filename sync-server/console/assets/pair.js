// Two records that may be one, among their neighbours.
import { maplibre, colours, ground, load } from "/console/assets/ground.js";

const box = document.getElementById("pair");
const points = JSON.parse(box.dataset.points);
const all = new maplibre.LngLatBounds();
for (const { at } of points) all.extend(at);

const map = new maplibre.Map({
  container: box, style: ground(box), bounds: all, fitBoundsOptions: { padding: 90, maxZoom: 17.5 },
  attributionControl: box.dataset.tiles ? {} : false, dragRotate: false, pitchWithRotate: false, cooperativeGestures: false,
});
map.addControl(new maplibre.NavigationControl({ showCompass: false }));
map.addControl(new maplibre.ScaleControl({ maxWidth: 120 }), "bottom-left");
map.scrollZoom.disable();
await new Promise((done) => map.on("load", done));

const grid = box.dataset.grid;
const [outlines, places] = await Promise.all([load(`/console/map/grids?grid=${grid}`), load(`/console/map/places?grid=${grid}`)]);
map.addSource("grid", { type: "geojson", data: outlines });
map.addSource("places", { type: "geojson", data: places });
map.addLayer({ id: "land", type: "fill", source: "grid", paint: { "fill-color": colours.land, "fill-opacity": box.dataset.tiles ? 0 : 1 } });
map.addLayer({ id: "border", type: "line", source: "grid", paint: { "line-color": colours.line, "line-width": 1.2 } });
map.addLayer({ id: "places", type: "circle", source: "places",
  paint: { "circle-radius": 4, "circle-color": colours.line, "circle-stroke-color": colours.land, "circle-stroke-width": 1 } });
if (points.length === 2) {
  const line = { type: "Feature", geometry: { type: "LineString", coordinates: points.map(({ at }) => at) } };
  map.addSource("line", { type: "geojson", data: line });
  map.addLayer({ id: "line", type: "line", source: "line", paint: { "line-color": colours.ink, "line-width": 1.5, "line-dasharray": [2, 2] } });
}
// Two on one spot stand side by side.
const [one, two] = points;
const near = two && map.project(one.at).dist(map.project(two.at)) < 30;
for (const { n, at } of points) {
  const pin = document.createElement("span");
  pin.className = `pip pin side-${n}`;
  pin.textContent = n;
  new maplibre.Marker({ element: pin, offset: near ? [n === 1 ? -16 : 16, 0] : [0, 0] }).setLngLat(at).addTo(map);
}
box.dataset.ready = "1";
