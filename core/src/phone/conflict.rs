//! What a conflict is about, in words: a fact by its label, an answer by its question, values by their choices.

use serde::Serialize;

use crate::checklist::{Content, Item, value_words};
use crate::model::{FactField, Scalar, Text};

use super::show::ConflictView;
use super::{Phone, PhoneError};

/// A conflict in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConflictWords {
    /// The field.
    pub field: Text,
    /// The values, in the order of the conflict.
    pub values: Vec<Text>,
}

impl Phone {
    /// A conflict as a person reads it. A name that this version has no words for stands for itself.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the store cannot be opened again after a damage.
    pub fn conflict_words(&self, conflict: &ConflictView) -> Result<ConflictWords, PhoneError> {
        self.with(|inner| Ok(words(&inner.contents.get(), conflict)))
    }
}

fn words(content: &Content, conflict: &ConflictView) -> ConflictWords {
    let asked = match conflict.container.as_str() {
        "answers" => item(content, &conflict.field),
        _ => None,
    };
    let values = conflict.values.iter().map(|v| match asked {
        Some(item) => value_words(item, &v.value),
        None => plain(&v.value),
    });
    let field = asked.map_or_else(|| field(content, conflict), |item| item.question.clone());
    ConflictWords { field, values: values.collect() }
}

fn field(content: &Content, conflict: &ConflictView) -> Text {
    if conflict.container == "findings"
        && let Some((code, _)) = conflict.field.rsplit_once('.')
        && let Some((_, _, rule)) = content.finding(code)
    {
        return rule.title.clone();
    }
    match FactField::find(&conflict.field) {
        Some(fact) => Text { zh: fact.label_zh.to_owned(), en: fact.label_en.to_owned() },
        None => same(&conflict.field),
    }
}

fn item<'c>(content: &'c Content, id: &str) -> Option<&'c Item> {
    let own = content.lists().iter().flat_map(|list| list.items().map(|(_, item)| item));
    content.common_items().iter().chain(own).find(|item| item.id == id)
}

fn plain(value: &Scalar) -> Text {
    match value {
        Scalar::Null => Text { zh: "（空）".to_owned(), en: "(nothing)".to_owned() },
        Scalar::Bool(true) => Text { zh: "是".to_owned(), en: "yes".to_owned() },
        Scalar::Bool(false) => Text { zh: "否".to_owned(), en: "no".to_owned() },
        Scalar::Int(n) => same(&n.to_string()),
        Scalar::Float(x) => same(&x.to_string()),
        Scalar::Str(text) => same(text),
    }
}

fn same(text: &str) -> Text {
    Text { zh: text.to_owned(), en: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChangeHash, DocId, UtcMillis};
    use crate::phone::ConflictValueView;

    fn told(container: &str, field: &str, values: &[Scalar]) -> ConflictWords {
        let value = |value: &Scalar| ConflictValueView {
            value: value.clone(),
            author: None,
            at: UtcMillis(0),
            change: ChangeHash([0; 32]),
            winner: false,
        };
        let conflict = ConflictView {
            doc: DocId([1; 16]),
            container: container.to_owned(),
            field: field.to_owned(),
            values: values.iter().map(value).collect(),
        };
        words(Content::shared_default(), &conflict)
    }

    #[test]
    fn a_conflict_speaks_words() {
        let fact = told("facts", "storeys", &[Scalar::Int(6), Scalar::Null]);
        assert_eq!((fact.field.en.as_str(), fact.field.zh.as_str()), ("Storeys", "层数"));
        assert_eq!((fact.values[0].zh.as_str(), fact.values[1].en.as_str()), ("6", "(nothing)"));
        let answer = told("answers", "HH-A3", &["unvent".into(), true.into()]);
        assert_eq!(answer.field.zh, "燃气热水器类型");
        assert_ne!(answer.values[0].en, "unvent");
        let part = told("findings", "HH-A3-F1.severity", &["S1".into()]);
        assert_ne!(part.field.en, "HH-A3-F1.severity");
        assert_eq!(told("later", "unknown", &[]).field.en, "unknown");
    }
}
