//! Borders: the city's area divided without gap or overlap, by weight, level by level.
//!
//! Straight cuts divide convex pieces; every cut keeps the points on it, so that both
//! neighbours have the very same points. A smooth warp then bends the whole plane, lines and
//! all, which makes the borders look grown and keeps them shared. Knows nothing of grids.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::seed;

/// A point of the flat, unbent plane, in metres east and north of the middle of the city.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// Something to give area to: a leaf, or a group whose members stay together.
pub(crate) enum Node {
    /// Leaf number and area in square metres.
    Leaf(usize, f64),
    /// Members, in the order in which they are laid out from north-west on.
    Group(Vec<Node>),
}

impl Node {
    fn weight(&self) -> f64 {
        match self {
            Self::Leaf(_, area) => *area,
            Self::Group(members) => members.iter().map(Self::weight).sum(),
        }
    }
}

#[derive(Clone, Copy)]
struct Edge {
    from: Point,
    cut: usize,
    t0: f64,
    t1: f64,
}

struct Cut {
    a: Point,
    b: Point,
    /// Points on the cut, by their part of its length.
    points: Vec<(f64, Point)>,
}

impl Cut {
    fn at(&self, t: f64) -> Point {
        Point { x: self.a.x + (self.b.x - self.a.x) * t, y: self.a.y + (self.b.y - self.a.y) * t }
    }
}

/// The divided plane.
pub(crate) struct Borders {
    cuts: Vec<Cut>,
    leaves: Vec<Vec<Edge>>,
    waves: Vec<Wave>,
}

/// Points along a border are this far apart at most, in metres.
const STEP_M: f64 = 180.0;

impl Borders {
    /// Divides an area among the leaves of a tree, by weight. Leaves are numbered from 0 without gap.
    pub(crate) fn divide(seed: u64, tree: &Node, leaf_count: usize) -> Self {
        let mut rng = seed::stream(seed, "border", 0);
        let mut borders =
            Self { cuts: Vec::new(), leaves: vec![Vec::new(); leaf_count], waves: waves(seed) };
        let outline = borders.outline(&mut rng, tree.weight());
        borders.give(&mut rng, outline, &[tree]);
        borders.sample();
        borders
    }

    /// An uneven twelve-cornered outline of this area.
    fn outline(&mut self, rng: &mut ChaCha8Rng, area: f64) -> Vec<Edge> {
        const CORNERS: usize = 12;
        // The regular twelve-corner of radius r has 3 r² of area.
        let radius = (area / 3.0).sqrt();
        let corners: Vec<Point> = (0..CORNERS)
            .map(|i| {
                let turn = (i as f64 + rng.random_range(-0.25..0.25)) / CORNERS as f64
                    * std::f64::consts::TAU;
                Point { x: radius * 1.2 * turn.cos(), y: radius / 1.2 * turn.sin() }
            })
            .collect();
        (0..CORNERS)
            .map(|i| {
                let (a, b) = (corners[i], corners[(i + 1) % CORNERS]);
                self.cuts.push(Cut { a, b, points: Vec::new() });
                Edge { from: a, cut: self.cuts.len() - 1, t0: 0.0, t1: 1.0 }
            })
            .collect()
    }

    fn give(&mut self, rng: &mut ChaCha8Rng, piece: Vec<Edge>, nodes: &[&Node]) {
        match nodes {
            [] => {}
            [Node::Leaf(leaf, _)] => self.leaves[*leaf] = piece,
            [Node::Group(members)] => {
                let members: Vec<&Node> = members.iter().collect();
                self.give(rng, piece, &members);
            }
            several => {
                let total: f64 = several.iter().map(|n| n.weight()).sum();
                let (mut first, mut n) = (several[0].weight(), 1);
                while n < several.len() - 1 && first + several[n].weight() / 2.0 < total / 2.0 {
                    first += several[n].weight();
                    n += 1;
                }
                let (low, high) = self.cut(rng, &piece, first / total);
                self.give(rng, low, &several[..n]);
                self.give(rng, high, &several[n..]);
            }
        }
    }

    /// Cuts a piece across its length so that the first part has this share of the area.
    fn cut(&mut self, rng: &mut ChaCha8Rng, piece: &[Edge], share: f64) -> (Vec<Edge>, Vec<Edge>) {
        let (nx, ny) = across(rng, piece);
        let side = |p: Point| p.x * nx + p.y * ny;
        let corners: Vec<Point> = piece.iter().map(|e| e.from).collect();
        let (mut low, mut high) = corners
            .iter()
            .fold((f64::MAX, f64::MIN), |(l, h), p| (l.min(side(*p)), h.max(side(*p))));
        let whole = area(&corners);
        for _ in 0..48 {
            let middle = f64::midpoint(low, high);
            if area(&below(&corners, side, middle)) < whole * share {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.split(piece, side, f64::midpoint(low, high))
    }

    /// Splits a convex piece by the line `side(p) == at` into the part below and the part above.
    fn split(
        &mut self,
        piece: &[Edge],
        side: impl Fn(Point) -> f64,
        at: f64,
    ) -> (Vec<Edge>, Vec<Edge>) {
        let (mut low, mut high) = (Vec::new(), Vec::new());
        let new = self.cuts.len();
        let mut leave_low: Option<Point> = None; // where the outline goes up
        let mut back: Option<Point> = None; // where it comes down again
        for (i, edge) in piece.iter().enumerate() {
            let to = piece[(i + 1) % piece.len()].from;
            let (s0, s1) = (side(edge.from) - at, side(to) - at);
            let home = if s0 < 0.0 { &mut low } else { &mut high };
            if (s0 < 0.0) == (s1 < 0.0) {
                home.push(*edge);
                continue;
            }
            let t = edge.t0 + (edge.t1 - edge.t0) * (s0 / (s0 - s1));
            let point = self.cuts[edge.cut].at(t);
            self.cuts[edge.cut].points.push((t, point));
            home.push(Edge { t1: t, ..*edge });
            let rest = Edge { from: point, t0: t, ..*edge };
            if s0 < 0.0 {
                // The low part goes on along the new cut, from here (0) to where the outline comes back (1).
                low.push(Edge { from: point, cut: new, t0: 0.0, t1: 1.0 });
                high.push(rest);
                leave_low = Some(point);
            } else {
                high.push(Edge { from: point, cut: new, t0: 1.0, t1: 0.0 });
                low.push(rest);
                back = Some(point);
            }
        }
        let (a, b) = (
            leave_low.expect("a line through the inside crosses the outline upwards"),
            back.expect("a line through the inside crosses the outline downwards"),
        );
        self.cuts.push(Cut { a, b, points: Vec::new() });
        (low, high)
    }

    fn sample(&mut self) {
        for cut in &mut self.cuts {
            let length = ((cut.b.x - cut.a.x).powi(2) + (cut.b.y - cut.a.y).powi(2)).sqrt();
            let parts = (length / STEP_M).ceil().max(1.0);
            let mut k = 1.0;
            while k < parts {
                let t = k / parts;
                cut.points.push((t, cut.at(t)));
                k += 1.0;
            }
            cut.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
    }

    /// The border of a leaf, bent, in metres; counter-clockwise, the first point not repeated.
    pub(crate) fn ring(&self, leaf: usize) -> Vec<Point> {
        let mut ring = Vec::new();
        for edge in &self.leaves[leaf] {
            ring.push(self.bend(edge.from));
            let (low, high) = (edge.t0.min(edge.t1), edge.t0.max(edge.t1));
            let between = self.cuts[edge.cut].points.iter().filter(|(t, _)| *t > low && *t < high);
            let from = ring.len();
            ring.extend(between.map(|(_, p)| self.bend(*p)));
            if edge.t0 > edge.t1 {
                ring[from..].reverse();
            }
        }
        ring
    }

    /// A point well inside a leaf, bent.
    pub(crate) fn inside(&self, leaf: usize, rng: &mut ChaCha8Rng) -> Point {
        let corners: Vec<Point> = self.leaves[leaf].iter().map(|e| e.from).collect();
        let n = corners.len() as f64;
        let middle = Point {
            x: corners.iter().map(|p| p.x).sum::<f64>() / n,
            y: corners.iter().map(|p| p.y).sum::<f64>() / n,
        };
        let i = rng.random_range(0..corners.len());
        let (a, b) = (corners[i], corners[(i + 1) % corners.len()]);
        let (u, v) = (0.85 * rng.random::<f64>().sqrt(), rng.random::<f64>());
        let edge = Point { x: a.x + (b.x - a.x) * v, y: a.y + (b.y - a.y) * v };
        self.bend(Point {
            x: middle.x + (edge.x - middle.x) * u,
            y: middle.y + (edge.y - middle.y) * u,
        })
    }

    fn bend(&self, p: Point) -> Point {
        self.waves.iter().fold(p, |out, w| {
            let wave = |k: [f64; 3]| w.height * (k[0] * p.x + k[1] * p.y + k[2]).sin();
            Point { x: out.x + wave(w.east), y: out.y + wave(w.north) }
        })
    }
}

/// One wave of the warp: its height in metres, and for east and north the direction and phase.
struct Wave {
    height: f64,
    east: [f64; 3],
    north: [f64; 3],
}

/// Five waves of steepness 0.13 each: together below 1 in every direction, so that nothing folds over.
fn waves(seed: u64) -> Vec<Wave> {
    let mut rng = seed::stream(seed, "warp", 0);
    let mut one = |length: f64| {
        let (turn, phase) = (rng.random::<f64>(), rng.random::<f64>());
        let k = std::f64::consts::TAU / length;
        let angle = turn * std::f64::consts::TAU;
        [k * angle.cos(), k * angle.sin(), phase * std::f64::consts::TAU]
    };
    [24_000.0, 8_000.0, 2_700.0, 900.0, 320.0]
        .into_iter()
        .map(|length| Wave {
            height: 0.13 * length / std::f64::consts::TAU,
            east: one(length),
            north: one(length),
        })
        .collect()
}

/// The unit vector along which a piece is longest, turned a little at random, eastwards or southwards.
fn across(rng: &mut ChaCha8Rng, piece: &[Edge]) -> (f64, f64) {
    let corners: Vec<Point> = piece.iter().map(|e| e.from).collect();
    let (x, y) = longest(&corners);
    let (sin, cos) = rng.random_range(-0.16..0.16_f64).sin_cos();
    let (x, y) = (x * cos - y * sin, x * sin + y * cos);
    if x - y < 0.0 { (-x, -y) } else { (x, y) }
}

/// The direction in which the area of a polygon is spread most (its main axis of inertia).
fn longest(corners: &[Point]) -> (f64, f64) {
    let n = corners.len() as f64;
    let middle = Point {
        x: corners.iter().map(|p| p.x).sum::<f64>() / n,
        y: corners.iter().map(|p| p.y).sum::<f64>() / n,
    };
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (i, p) in corners.iter().enumerate() {
        let q = corners[(i + 1) % corners.len()];
        let (px, py, qx, qy) = (p.x - middle.x, p.y - middle.y, q.x - middle.x, q.y - middle.y);
        let twice = px * qy - qx * py;
        xx += twice * (px * px + px * qx + qx * qx);
        yy += twice * (py * py + py * qy + qy * qy);
        xy += twice * (px * qy + 2.0 * px * py + 2.0 * qx * qy + qx * py) / 2.0;
    }
    let angle = (2.0 * xy).atan2(xx - yy) / 2.0;
    (angle.cos(), angle.sin())
}

/// The area of a polygon, positive when it runs counter-clockwise.
pub(crate) fn area(corners: &[Point]) -> f64 {
    let n = corners.len();
    (0..n)
        .map(|i| {
            let (p, q) = (corners[i], corners[(i + 1) % n]);
            (p.x * q.y - q.x * p.y) / 2.0
        })
        .sum()
}

fn below(corners: &[Point], side: impl Fn(Point) -> f64, at: f64) -> Vec<Point> {
    let n = corners.len();
    let mut out = Vec::with_capacity(n + 1);
    for i in 0..n {
        let (p, q) = (corners[i], corners[(i + 1) % n]);
        let (s0, s1) = (side(p) - at, side(q) - at);
        if s0 < 0.0 {
            out.push(p);
        }
        if (s0 < 0.0) != (s1 < 0.0) {
            let t = s0 / (s0 - s1);
            out.push(Point { x: p.x + (q.x - p.x) * t, y: p.y + (q.y - p.y) * t });
        }
    }
    out
}
