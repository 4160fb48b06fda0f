//! Filters as SQL: conditions with bound values, put together piece by piece.

use ironfeet_core::model::DocId;

/// Conditions and their values, put together piece by piece.
#[derive(Default)]
pub(super) struct Query {
    pub(super) sql: String,
    pub(super) values: Vec<rusqlite::types::Value>,
}

impl Query {
    pub(super) fn new(select: &str) -> Self {
        Self { sql: format!("{select} WHERE 1"), values: Vec::new() }
    }

    /// `piece` holds one `?` per value.
    pub(super) fn and(
        &mut self,
        piece: &str,
        values: impl IntoIterator<Item = rusqlite::types::Value>,
    ) -> &mut Self {
        self.sql.push_str(" AND ");
        self.sql.push_str(piece);
        self.values.extend(values);
        self
    }

    /// Only partitions of these grids; an empty prefix is everything.
    pub(super) fn scope(&mut self, column: &str, scope: &[String]) -> &mut Self {
        if scope.iter().any(String::is_empty) {
            return self;
        }
        let each = vec![format!("({column} >= ? AND {column} < ?)"); scope.len()];
        let any = if each.is_empty() { "0".to_owned() } else { each.join(" OR ") };
        let bounds = scope.iter().flat_map(|prefix| {
            // Digits only, so `:` ends every prefix; a whole grid code is inside it too.
            [format!("g{prefix}").into(), format!("g{prefix}:").into()]
        });
        self.and(&format!("({any})"), bounds.collect::<Vec<_>>())
    }

    /// As [`Query::scope`] for lists ordered by time: an area is looked for along the time, where
    /// the page ends early; only whole grids are read by their own index, which is ordered by time.
    pub(super) fn scope_by_time(&mut self, column: &str, scope: &[String]) -> &mut Self {
        let whole = scope.len() == 1 && scope.iter().all(|prefix| prefix.len() == 15);
        if whole { self.grid(column, &scope[0]) } else { self.scope(&format!("+{column}"), scope) }
    }

    pub(super) fn grid(&mut self, column: &str, grid: &str) -> &mut Self {
        self.and(&format!("{column} = ?"), [format!("g{grid}").into()])
    }

    pub(super) fn equal(&mut self, column: &str, value: Option<&String>) -> &mut Self {
        match value {
            Some(value) => self.and(&format!("{column} = ?"), [value.clone().into()]),
            None => self,
        }
    }

    /// Only of these places; none: of any.
    pub(super) fn places(&mut self, column: &str, places: &[DocId]) -> &mut Self {
        if places.is_empty() {
            return self;
        }
        let each = vec!["?"; places.len()].join(", ");
        let ids = places.iter().map(|place| place.0.to_vec().into()).collect::<Vec<_>>();
        self.and(&format!("{column} IN ({each})"), ids)
    }

    pub(super) fn end(
        mut self,
        order: &str,
        limit: usize,
    ) -> (String, Vec<rusqlite::types::Value>) {
        self.sql.push_str(&format!(" ORDER BY {order} LIMIT ?"));
        self.values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        (self.sql, self.values)
    }
}
