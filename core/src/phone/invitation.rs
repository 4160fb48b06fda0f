//! What the scanned text of an enrolment says: where, by which code, for whom.
//!
//! The server writes it (`ironfeet-server admin enrol-code`). It holds no password: the code works once
//! and not for long.

use std::str::FromStr;

use super::sync::SyncError;
use super::{Phone, PhoneError};
use crate::model::PersonId;

/// A scanned enrolment text, `ironfeet:enrol?url=URL&code=CODE&person=ID`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Address of the server.
    pub url: String,
    /// The one-time code.
    pub code: String,
    /// Whose phone it will be: chooses the folder and the key before the server is asked.
    pub person: PersonId,
}

impl Invitation {
    /// Whether it is for the person of this phone. Asked before the server is: a code that was used for
    /// another person is used up, and the phone known to the server as theirs.
    ///
    /// # Errors
    /// [`SyncError::OtherPerson`]; disk errors.
    pub fn is_for(&self, phone: &Phone) -> Result<(), SyncError> {
        if phone.status()?.person == self.person { Ok(()) } else { Err(SyncError::OtherPerson) }
    }
}

impl FromStr for Invitation {
    type Err = PhoneError;

    fn from_str(text: &str) -> Result<Self, PhoneError> {
        let fields = text.trim().strip_prefix("ironfeet:enrol?").ok_or_else(not_ours)?;
        let field = |name: &str| {
            let value = fields.split('&').find_map(|f| f.strip_prefix(name)?.strip_prefix('='));
            value.filter(|v| !v.is_empty()).ok_or_else(not_ours)
        };
        Ok(Self {
            url: field("url")?.to_owned(),
            code: field("code")?.to_owned(),
            person: field("person")?.parse().map_err(|_| not_ours())?,
        })
    }
}

fn not_ours() -> PhoneError {
    PhoneError::invalid("qr", "这不是注册二维码", "this is no enrolment code of ours")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enrolment_text_is_read_whatever_the_order_of_its_fields() {
        for text in [
            "ironfeet:enrol?url=https://sync.example:8443&code=ABCD-1234&person=li",
            " ironfeet:enrol?person=li&x=1&code=ABCD-1234&url=https://sync.example:8443\n",
        ] {
            let read: Invitation = text.parse().unwrap();
            assert_eq!(read.url, "https://sync.example:8443");
            assert_eq!(read.code, "ABCD-1234");
            assert_eq!(read.person.to_string(), "li");
        }
    }

    #[test]
    fn another_text_is_told_to_be_none() {
        for text in [
            "",
            "https://example.org",
            "ironfeet:enrol?",
            "ironfeet:enrol?url=&code=1&person=li",
            "ironfeet:enrol?url=http://x&code=1",
            "ironfeet:enrol?url=http://x&code=1&person=../li",
        ] {
            let error = text.parse::<Invitation>().unwrap_err();
            assert!(matches!(error, PhoneError::Invalid { .. }), "{text}");
        }
    }
}
