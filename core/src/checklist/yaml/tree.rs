//! The tree of a YAML file: texts, lists and maps, each with its place. Pieces named again are shared, not copied.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

use super::{Spot, YamlError};

/// No more nodes than these, those that are named again counted each time.
const NODES_MAX: usize = 250_000;

/// No deeper than this: shapes are read by recursion.
const DEPTH_MAX: usize = 64;

/// A node where it stands: of a piece named again, the place of the name.
#[derive(Clone)]
pub(super) struct Link<'a> {
    pub(super) node: Rc<Node<'a>>,
    pub(super) spot: Spot,
}

/// A node.
pub(super) enum Node<'a> {
    /// A text; a plain one may be a number, a truth or nothing.
    Text { text: Cow<'a, str>, plain: bool },
    /// A list.
    List(Vec<Link<'a>>),
    /// A map in the order of the file, no key twice.
    Map(Vec<(Link<'a>, Link<'a>)>),
}

/// A list or map that is not closed yet.
struct Open<'a> {
    parts: Vec<Link<'a>>,
    map: bool,
    anchor: usize,
    spot: Spot,
}

#[derive(Default)]
struct Builder<'a> {
    open: Vec<Open<'a>>,
    /// By the parser's number of the name: the node, and how many it holds.
    named: BTreeMap<usize, (Rc<Node<'a>>, usize)>,
    root: Option<Link<'a>>,
    nodes: usize,
    documents: usize,
}

/// Parses a file of one document.
pub(super) fn parse(yaml: &str) -> Result<Link<'_>, YamlError> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    };
    let mut builder = Builder::default();
    for next in Parser::new_from_str_with_options(yaml, options) {
        let (event, span) = next.map_err(|e| YamlError::at(e.info(), spot(e.marker())))?;
        builder.take(event, &span)?;
    }
    let nothing = || YamlError::at("the file is empty", Spot { line: 1, column: 1 });
    builder.root.ok_or_else(nothing)
}

fn spot(mark: &Marker) -> Spot {
    Spot { line: mark.line() as u64, column: mark.col() as u64 + 1 }
}

impl<'a> Builder<'a> {
    fn take(&mut self, event: Event<'a>, span: &Span) -> Result<(), YamlError> {
        let spot = spot(&span.start);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(YamlError::at("multiple YAML documents: write one", spot));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = !is_text(tag.as_deref(), spot)? && style == ScalarStyle::Plain;
                self.add(Node::Text { text, plain }, anchor, 1, spot)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.begin(false, anchor, tag.as_deref(), spot)?;
            }
            Event::MappingStart(_, anchor, tag) => {
                self.begin(true, anchor, tag.as_deref(), spot)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            Event::Alias(name) => {
                let Some((node, holds)) = self.named.get(&name).cloned() else {
                    return Err(YamlError::at("an alias inside what it names", spot));
                };
                self.count(holds, spot)?;
                self.place(Link { node, spot });
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(
        &mut self,
        map: bool,
        anchor: usize,
        tag: Option<&Tag>,
        spot: Spot,
    ) -> Result<(), YamlError> {
        is_text(tag, spot)?;
        if self.open.len() >= DEPTH_MAX {
            return Err(YamlError::at(format!("deeper than {DEPTH_MAX} lists and maps"), spot));
        }
        self.open.push(Open { parts: Vec::new(), map, anchor, spot });
        Ok(())
    }

    fn close(&mut self) -> Result<(), YamlError> {
        let Some(Open { parts, map, anchor, spot }) = self.open.pop() else { return Ok(()) };
        let node = if map { Node::Map(pairs(parts)?) } else { Node::List(parts) };
        let holds = if anchor > 0 { weight(&node) } else { 1 };
        self.add(node, anchor, holds, spot)
    }

    fn add(
        &mut self,
        node: Node<'a>,
        anchor: usize,
        holds: usize,
        spot: Spot,
    ) -> Result<(), YamlError> {
        self.count(1, spot)?;
        let node = Rc::new(node);
        if anchor > 0 {
            self.named.insert(anchor, (Rc::clone(&node), holds));
        }
        self.place(Link { node, spot });
        Ok(())
    }

    fn count(&mut self, nodes: usize, spot: Spot) -> Result<(), YamlError> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > NODES_MAX {
            return Err(YamlError::at(
                format!("more than {NODES_MAX} texts, lists and maps"),
                spot,
            ));
        }
        Ok(())
    }

    fn place(&mut self, link: Link<'a>) {
        match self.open.last_mut() {
            Some(open) => open.parts.push(link),
            None => self.root = Some(link),
        }
    }
}

/// Keys and values in turn, as pairs.
fn pairs(parts: Vec<Link<'_>>) -> Result<Vec<(Link<'_>, Link<'_>)>, YamlError> {
    let mut pairs = Vec::with_capacity(parts.len() / 2);
    let mut parts = parts.into_iter();
    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
        pairs.push((key, value));
    }
    let mut seen = BTreeSet::new();
    for (key, _) in &pairs {
        let Node::Text { text, .. } = &*key.node else {
            return Err(YamlError::at("a key must be a text", key.spot));
        };
        if !seen.insert(text.as_ref()) {
            return Err(YamlError::at(format!("duplicate mapping key: {text}"), key.spot));
        }
    }
    Ok(pairs)
}

/// How many nodes a node is, with those it holds. What it holds was counted before, so this is bounded too.
fn weight(node: &Node<'_>) -> usize {
    let of = |link: &Link<'_>| weight(&link.node);
    let inner = match node {
        Node::Text { .. } => 0,
        Node::List(parts) => parts.iter().map(of).sum(),
        Node::Map(pairs) => pairs.iter().map(|(key, value)| of(key) + of(value)).sum::<usize>(),
    };
    inner + 1
}

/// Whether a tag says that a text is meant, whatever it looks like. No other tag says anything here.
fn is_text(tag: Option<&Tag>, spot: Spot) -> Result<bool, YamlError> {
    match tag.map(Tag::core_suffix) {
        None | Some(Some("map" | "seq")) => Ok(false),
        Some(Some("str")) => Ok(true),
        Some(_) => Err(YamlError::at("a tag that is not read here: leave it out", spot)),
    }
}
