//! The words of the domain that every screen uses, mirrored for the apps.
//!
//! Knows `core::model` only. Data and conversions; nothing is decided here.

use ironfeet_core::model;

/// Mirrors an enumeration without fields, both ways; a variant added in the core does not compile here.
macro_rules! mirror_enum {
    ($(#[$doc:meta])* $name:ident of $core:path { $($(#[$vdoc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl From<$core> for $name {
            fn from(value: $core) -> Self {
                use $core as Core;
                match value { $(Core::$variant => Self::$variant),+ }
            }
        }
        impl From<$name> for $core {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}
pub(crate) use mirror_enum;

mirror_enum!(
    /// The language of screens and messages.
    Lang of model::Lang {
        /// Chinese (simplified).
        Zh,
        /// English.
        En,
    }
);

mirror_enum!(
    /// What kind of place it is.
    PlaceKind of model::PlaceKind {
        /// Dwelling 居民住户.
        Dwelling,
        /// Small premises 九小场所.
        SmallPremises,
        /// Rental 居住出租房.
        Rental,
        /// Workshop 小作坊.
        Workshop,
        /// Construction site 小型工地.
        ConstructionSite,
        /// Public facility 公共设施.
        PublicFacility,
        /// Shared area 公共部位.
        SharedArea,
    }
);

mirror_enum!(
    /// The post of a person.
    Role of model::Role {
        /// Grid worker 网格员.
        Inspector,
        /// Community police officer 社区民警.
        CommunityPolice,
        /// Acceptor 受理员.
        Acceptor,
        /// Dispatcher 派遣员.
        Dispatcher,
        /// Department handler 处置人员.
        Handler,
        /// Checker 核查员.
        Checker,
        /// Supervisor 督导员.
        Supervisor,
        /// Evaluator 考核员.
        Evaluator,
        /// Auditor 审计员.
        Auditor,
        /// Privacy officer 个人信息保护负责人.
        PrivacyOfficer,
        /// System administrator 系统管理员.
        SystemAdministrator,
        /// The server itself.
        Server,
    }
);

mirror_enum!(
    /// How grave a finding is.
    Severity of model::Severity {
        /// Imminent danger 紧急: show the action card before anything else.
        S1,
        /// Serious 较重.
        S2,
        /// Ordinary 一般.
        S3,
        /// Advice 提示.
        S4,
    }
);

mirror_enum!(
    /// What happens with a finding.
    Route of model::Route {
        /// A case is filed and dispatched.
        Case,
        /// An advice slip on the spot, no case.
        Advice,
        /// Fixed on the spot, recorded and closed.
        SelfFixed,
    }
);

mirror_enum!(
    /// Which clock a deadline runs on.
    ClockKind of model::ClockKind {
        /// Continuous hours, nights and holidays included.
        UrgentHour,
        /// Working hours only.
        WorkHour,
        /// Whole working days, ends at closing time.
        WorkDay,
        /// Calendar days, ends at 24:00.
        NaturalDay,
    }
);

mirror_enum!(
    /// What a stretch of text looks like.
    PersonalHint of model::PersonalHint {
        /// A telephone number.
        Phone,
        /// An identity card number.
        IdentityNumber,
        /// A bank card or another long number.
        CardNumber,
        /// A vehicle plate.
        Plate,
    }
);

/// A stretch of a text that looks like a number of a person's; ask the worker to take it out.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PersonalMark {
    /// What it looks like.
    pub hint: PersonalHint,
    /// The first character of it, counted in characters from 0.
    pub from: u32,
    /// One past its last character.
    pub to: u32,
}

impl From<model::PersonalMark> for PersonalMark {
    fn from(mark: model::PersonalMark) -> Self {
        let model::PersonalMark { hint, from, to } = mark;
        Self { hint: hint.into(), from: narrow(from), to: narrow(to) }
    }
}

/// A count as the apps take it. None of ours comes near four billion.
pub(crate) fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Finds numbers of people in a text while it is being typed. Saving such a text is refused with
/// `PersonalText`, so an app that calls this first can say so kindly.
#[uniffi::export]
#[must_use]
pub fn screen_text(text: &str) -> Vec<PersonalMark> {
    model::screen_text(text).into_iter().map(Into::into).collect()
}

/// A value as a person would type it: `true`, `6`, `2.5`, `piped,lpg`, `2026-11-23`; empty for nothing.
pub(crate) fn shown(value: model::Scalar) -> String {
    match value {
        model::Scalar::Null => String::new(),
        model::Scalar::Bool(yes) => yes.to_string(),
        model::Scalar::Int(n) => n.to_string(),
        model::Scalar::Float(x) => x.to_string(),
        model::Scalar::Str(text) => text,
    }
}
