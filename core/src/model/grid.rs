//! Area and grid codes (domain page 1.2) and the partitions built on them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::DepartmentCode;
use super::id::serde_by_text;

/// Why a text is not a code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// The number of digits is wrong, or there is something else than digits.
    #[error("{what} must be {digits} digits")]
    Digits {
        /// Which code.
        what: &'static str,
        /// How many digits it has.
        digits: usize,
    },
    /// A part of the code is outside its range.
    #[error("{what}: {part} must be {range}")]
    Range {
        /// Which code.
        what: &'static str,
        /// Which part of it.
        part: &'static str,
        /// The allowed range.
        range: &'static str,
    },
    /// The text names no partition.
    #[error("a partition is g + grid code, or d + department + '@' + area code")]
    Partition,
}

fn digits(text: &str, n: usize, what: &'static str) -> Result<(), CodeError> {
    if text.len() == n && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(())
    } else {
        Err(CodeError::Digits { what, digits: n })
    }
}

fn part(text: &str, from: usize, to: usize) -> u32 {
    text.get(from..to).and_then(|t| t.parse().ok()).unwrap_or(0)
}

macro_rules! code_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The digits.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        serde_by_text!($name);
    };
}

code_type!(/// Statistical area code, 12 digits: 6 county, 3 township, 3 village level.
    AreaCode);
code_type!(/// Grid code, 15 digits: area code + 001-799 base grid or 801-999 special grid.
    GridCode);
code_type!(/// Micro-grid code, 17 digits: grid code + 01-99.
    MicroCode);

impl FromStr for AreaCode {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        digits(text, 12, "area code")?;
        let province = part(text, 0, 2);
        if !(11..=91).contains(&province) {
            return Err(CodeError::Range { what: "area code", part: "province", range: "11-91" });
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for GridCode {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        digits(text, 15, "grid code")?;
        text.get(..12).unwrap_or_default().parse::<AreaCode>()?;
        match part(text, 12, 15) {
            1..=799 | 801..=999 => Ok(Self(text.to_owned())),
            _ => Err(CodeError::Range {
                what: "grid code",
                part: "serial",
                range: "001-799 (base grid) or 801-999 (special grid)",
            }),
        }
    }
}

impl FromStr for MicroCode {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        digits(text, 17, "micro-grid code")?;
        text.get(..15).unwrap_or_default().parse::<GridCode>()?;
        if part(text, 15, 17) == 0 {
            return Err(CodeError::Range {
                what: "micro-grid code",
                part: "serial",
                range: "01-99",
            });
        }
        Ok(Self(text.to_owned()))
    }
}

impl GridCode {
    /// The area the grid lies in.
    #[must_use]
    pub fn area(&self) -> AreaCode {
        AreaCode(self.0.chars().take(12).collect())
    }

    /// Whether this is a special grid (park, market, hospital, site).
    #[must_use]
    pub fn is_special(&self) -> bool {
        part(&self.0, 12, 15) >= 801
    }
}

/// A partition: the unit that is logged, numbered and synced. A grid, or a department's inbox in an area.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pid {
    /// A grid.
    Grid(GridCode),
    /// What was dispatched to a department in an area (prefix of an area code: 6, 9 or 12 digits).
    Inbox(DepartmentCode, String),
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grid(grid) => write!(f, "g{grid}"),
            Self::Inbox(department, area) => write!(f, "d{department}@{area}"),
        }
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Pid {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        if let Some(grid) = text.strip_prefix('g') {
            return grid.parse().map(Self::Grid);
        }
        let (department, area) =
            text.strip_prefix('d').and_then(|t| t.split_once('@')).ok_or(CodeError::Partition)?;
        let area_fits =
            matches!(area.len(), 6 | 9 | 12) && area.bytes().all(|b| b.is_ascii_digit());
        let department = department.parse().map_err(|_| CodeError::Partition)?;
        if area_fits {
            Ok(Self::Inbox(department, area.to_owned()))
        } else {
            Err(CodeError::Partition)
        }
    }
}

serde_by_text!(Pid);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_checked_part_by_part() {
        for good in ["329901001012001", "329901001012799", "329901001012801"] {
            assert!(good.parse::<GridCode>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "32990100101200",
            "329901001012000",
            "329901001012800",
            "009901001012001",
            "32990100101200x",
            "３29901001012001",
        ] {
            assert!(bad.parse::<GridCode>().is_err(), "{bad}");
        }
        assert!("32990100101200101".parse::<MicroCode>().is_ok());
        assert!("32990100101200100".parse::<MicroCode>().is_err());
        for pid in ["g329901001012001", "dFIRE@329901"] {
            assert_eq!(pid.parse::<Pid>().unwrap().to_string(), pid);
        }
        assert!("x329901001012001".parse::<Pid>().is_err());
    }
}
