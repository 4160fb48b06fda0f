-- Outlines of grids, as the city's own map has them: coordinates of a GeoJSON MultiPolygon (WGS 84).
CREATE TABLE border (
  grid    TEXT PRIMARY KEY,
  outline TEXT NOT NULL
) WITHOUT ROWID;
