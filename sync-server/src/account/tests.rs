//! What a password must be.

use super::*;

#[test]
fn a_password_is_long_mixed_and_not_the_account() {
    for (password, expected) in [
        ("Pingchuan-7-lu", Ok(())),
        ("平川路7号的旧巷子口有棵树x", Ok(())),
        ("Aa1-Aa1-Aa1", Err(Weak::Length)),
        ("onlysmallletters", Err(Weak::Kinds)),
        ("small and 123456", Ok(())),
        ("smallonly 1234", Ok(())),
        ("smallonlyand1234", Err(Weak::Kinds)),
        ("Wang.Fang-2026", Err(Weak::Known)),
    ] {
        assert_eq!(policy("wang.fang", password), expected, "{password}");
    }
    assert_eq!(policy("a", &"aA1-".repeat(33)), Err(Weak::Length), "132 characters");
    assert_eq!(policy("x", &"aA1-".repeat(32)), Ok(()), "128 characters");
}

#[test]
fn nobodys_hash_is_a_hash_of_the_same_cost() {
    let parsed = PasswordHash::new(NOBODY).unwrap();
    let ours = PasswordHash::new(&hashed("x", &Fixed)).map(|h| h.params.to_string());
    assert_eq!(Ok(parsed.params.to_string()), ours);
    assert!(!is_password("x", NOBODY));
}

struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, out: &mut [u8]) {
        out.fill(5);
    }
}
