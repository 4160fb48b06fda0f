//! Finds places and findings by any stretch of text, in Chinese and English.
//!
//! Words of three and more characters go through the trigram index; shorter
//! ones ("幸福", "gas" is three) are looked for in the text itself. Every word must occur.

use rusqlite::{Connection, params, params_from_iter};

use super::StoreError;
use super::document::doc_id;
use super::near::PlaceRow;
use crate::model::DocId;

/// Characters a word needs for the index.
const INDEXED_CHARS_MIN: usize = 3;
/// Words of a query that count.
const WORDS_MAX: usize = 8;

/// Writes the texts of document `n`; part is empty for a place, else the code of a finding.
pub(super) fn put(db: &Connection, n: i64, texts: &[(String, String)]) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM v_text WHERE n = ?1")?.execute([n])?;
    let mut add = db.prepare_cached("INSERT INTO v_text (n, part, body) VALUES (?1, ?2, ?3)")?;
    for (part, body) in texts {
        add.execute(params![n, part, body])?;
    }
    Ok(())
}

/// A question to the index: conditions and what fills them.
struct Query {
    from: &'static str,
    conditions: String,
    order: &'static str,
    fill: Vec<String>,
}

/// `None` when there is nothing to look for.
fn query(text: &str) -> Option<Query> {
    let words: Vec<&str> = text.split_whitespace().take(WORDS_MAX).collect();
    let (long, short): (Vec<&str>, Vec<&str>) =
        words.iter().partition(|w| w.chars().count() >= INDEXED_CHARS_MIN);
    let mut conditions = String::new();
    let mut fill = Vec::new();
    if !long.is_empty() {
        let phrases: Vec<String> =
            long.iter().map(|w| format!("\"{}\"", w.replace('"', "\"\""))).collect();
        fill.push(phrases.join(" AND "));
        conditions.push_str(" AND search MATCH ?1");
    }
    for word in short {
        let plain = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        fill.push(format!("%{plain}%"));
        conditions.push_str(&format!(" AND t.body LIKE ?{} ESCAPE '\\'", fill.len()));
    }
    let indexed = !long.is_empty();
    (!fill.is_empty()).then_some(Query {
        from: if indexed { "search s JOIN v_text t ON t.id = s.rowid" } else { "v_text t" },
        order: if indexed { "s.rank, t.id" } else { "t.id" },
        conditions,
        fill,
    })
}

/// Places whose address, name or other texts hold every word, best first.
///
/// # Errors
/// When the file cannot be read.
pub fn places(db: &Connection, text: &str, limit: usize) -> Result<Vec<PlaceRow>, StoreError> {
    let Some(q) = query(text) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT d.doc_id, p.kind, p.address, p.name, p.lat, p.lon
         FROM {} JOIN v_place p ON p.n = t.n JOIN doc d ON d.n = t.n
         WHERE t.part = ''{} ORDER BY {} LIMIT {limit}",
        q.from, q.conditions, q.order
    );
    let mut find = db.prepare_cached(&sql)?;
    let mut rows = find.query(params_from_iter(&q.fill))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(PlaceRow::of(row)?);
    }
    Ok(found)
}

/// Visits and codes of findings whose title, category or code hold every word, best first.
///
/// # Errors
/// When the file cannot be read.
pub fn findings(
    db: &Connection,
    text: &str,
    limit: usize,
) -> Result<Vec<(DocId, String)>, StoreError> {
    let Some(q) = query(text) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT d.doc_id, t.part FROM {} JOIN doc d ON d.n = t.n
         WHERE t.part <> ''{} ORDER BY {} LIMIT {limit}",
        q.from, q.conditions, q.order
    );
    let mut find = db.prepare_cached(&sql)?;
    let mut rows = find.query(params_from_iter(&q.fill))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((doc_id(&row.get::<_, Vec<u8>>(0)?)?, row.get(1)?));
    }
    Ok(found)
}
