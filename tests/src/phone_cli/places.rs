//! `place …` and `today`.

use ironfeet_core::phone::NewPlace;
use serde_json::{Value, json};

use super::args::{Place, PlaceAdd};
use super::outcome::{Answer, Failure, say};
use super::{Desk, show};

impl Desk<'_> {
    pub(super) fn place(&self, command: &Place) -> Result<Answer, Failure> {
        match command {
            Place::Add(add) => self.place_add(add),
            Place::Show { id } => {
                let view = self.open()?.place_show(*id).map_err(|e| self.failure(&e))?;
                Ok(Answer::new(json!(view), show::place(&view, self.lang)))
            }
            Place::Search { text, limit } => {
                let rows = self
                    .open()?
                    .place_search(&text.join(" "), *limit)
                    .map_err(|e| self.failure(&e))?;
                let json = json!(rows);
                let text: Vec<String> =
                    rows.iter().map(|r| show::place_row(r, self.lang)).collect();
                Ok(self.list(json, &text))
            }
            Place::Near { at, limit } => {
                let rows = self
                    .open()?
                    .place_near(at.lat, at.lon, *limit)
                    .map_err(|e| self.failure(&e))?;
                let json = json!(rows);
                let text: Vec<String> =
                    rows.iter().map(|r| show::place_row(r, self.lang)).collect();
                Ok(self.list(json, &text))
            }
            Place::Set { id, field, value } => {
                let change =
                    self.open()?.place_set(*id, field, value).map_err(|e| self.failure(&e))?;
                Ok(self.saved(json!({"change": change})))
            }
            Place::Note { id, text } => {
                let change = self.open()?.place_remark(*id, text).map_err(|e| self.failure(&e))?;
                Ok(self.saved(json!({"change": change})))
            }
        }
    }

    fn place_add(&self, add: &PlaceAdd) -> Result<Answer, Failure> {
        let new = NewPlace {
            kind: add.kind,
            address: add.address.clone(),
            lat: Some(add.lat),
            lon: Some(add.lon),
            grid: add.grid.clone(),
            facts: Vec::new(),
        };
        let id = self.open()?.place_add(&new).map_err(|e| self.failure(&e))?;
        Ok(Answer::new(json!({"id": id}), id.to_string()))
    }

    pub(super) fn today(&self) -> Result<Answer, Failure> {
        let phone = self.open()?;
        let rows = phone.today().map_err(|e| self.failure(&e))?;
        let json = json!(rows);
        // For people, what they began comes first.
        let drafts = phone.visit_drafts().map_err(|e| self.failure(&e))?;
        let mut text: Vec<String> = drafts.iter().map(|r| show::visit_row(r, self.lang)).collect();
        text.extend(rows.iter().map(|r| show::today(r, self.lang)));
        Ok(self.list(json, &text))
    }

    /// Rows, or that there are none.
    pub(super) fn list(&self, json: Value, rows: &[String]) -> Answer {
        let none = say(self.lang, "没有记录", "nothing here");
        Answer::new(json, if rows.is_empty() { none.to_owned() } else { rows.join("\n") })
    }
}
