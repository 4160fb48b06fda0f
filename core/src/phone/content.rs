//! The checklists a phone asks by: the product's own, or a city's, installed in the store.
//!
//! Parsed only when first needed: today's list and search work without them.

use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::checklist::Content;
use crate::store::today::RoundDays;
use crate::store::{Db, StoreError, meta};

use super::PhoneError;

const DEFAULT: &str = include_str!("../../content/checklists.yaml");

/// The checklists in use.
pub(super) struct Contents {
    /// A city's own file.
    installed: Option<String>,
    parsed: OnceLock<Arc<Content>>,
    rounds: Vec<RoundDays>,
}

impl Contents {
    /// A city's own file, or the product's.
    pub(super) fn install(yaml: Option<&str>) -> Result<Self, PhoneError> {
        let content = match yaml {
            Some(yaml) => Content::load(yaml).map_err(PhoneError::Content)?,
            None => Content::default_content(),
        };
        let rounds = rounds(&content);
        let parsed = OnceLock::from(Arc::new(content));
        Ok(Self { installed: yaml.map(str::to_owned), parsed, rounds })
    }

    /// What the store holds; says too whether it is other than last time.
    pub(super) fn open(db: &Db, yaml: Option<&str>) -> Result<(Self, bool), PhoneError> {
        let kept = meta::text(db, "content")?;
        let installed = yaml.map(str::to_owned).or(kept);
        let text = installed.as_deref().unwrap_or(DEFAULT);
        let same = meta::get(db, "content_sha")?.is_some_and(|sha| sha == sha_of(text));
        let rounds = meta::text(db, "rounds")?.and_then(|json| parse_rounds(&json));
        match (same, rounds) {
            (true, Some(rounds)) => {
                Ok((Self { installed, parsed: OnceLock::new(), rounds }, false))
            }
            _ => Ok((Self::install(installed.as_deref())?, true)),
        }
    }

    /// Keeps them in the store.
    pub(super) fn write(&self, db: &Db) -> Result<(), StoreError> {
        if let Some(yaml) = &self.installed {
            meta::put(db, "content", yaml.as_bytes())?;
        }
        let text = self.installed.as_deref().unwrap_or(DEFAULT);
        meta::put(db, "content_sha", &sha_of(text))?;
        meta::put(db, "content_version", self.get().version().as_bytes())?;
        meta::put(db, "rounds", print_rounds(&self.rounds).as_bytes())
    }

    /// The checklists.
    pub(super) fn get(&self) -> Arc<Content> {
        let parse = || {
            let own = self.installed.as_deref().and_then(|yaml| Content::load(yaml).ok());
            Arc::new(own.unwrap_or_else(Content::default_content))
        };
        self.parsed.get_or_init(parse).clone()
    }

    /// Days between visits by list, known without parsing.
    pub(super) fn rounds(&self) -> &[RoundDays] {
        &self.rounds
    }
}

fn sha_of(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

fn rounds(content: &Content) -> Vec<RoundDays> {
    let days = |list: &crate::checklist::Checklist| RoundDays {
        list: list.id.to_string(),
        days: i64::from(list.revisit_days_default),
        days_grave: i64::from(list.revisit_days_if_open_s1_s2),
    };
    content.lists().iter().map(days).collect()
}

fn print_rounds(rounds: &[RoundDays]) -> String {
    let lines = rounds.iter().map(|r| format!("{} {} {}", r.list, r.days, r.days_grave));
    lines.collect::<Vec<_>>().join("\n")
}

fn parse_rounds(text: &str) -> Option<Vec<RoundDays>> {
    text.lines()
        .map(|line| {
            let mut parts = line.split(' ');
            let list = parts.next()?.to_owned();
            let days = parts.next()?.parse().ok()?;
            Some(RoundDays { list, days, days_grave: parts.next()?.parse().ok()? })
        })
        .collect()
}
