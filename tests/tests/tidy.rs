//! Every house rule over every file of the repository. The rules and their bad samples are in `ironfeet_tests::tidy`.

use ironfeet_tests::tidy::{Breach, Source, files, repository, root, sizes, walls, words};

type Rule = fn(&Source) -> Vec<Breach>;

fn check(rules: &[Rule]) {
    let sources = repository();
    assert!(sources.len() > 30, "the repository was not found");
    let breaches: Vec<String> = sources
        .iter()
        .flat_map(|source| rules.iter().flat_map(|rule| rule(source)))
        .map(|breach| breach.to_string())
        .collect();
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn rooms_keep_their_walls() {
    check(&[walls::rooms, walls::libraries, walls::sql]);
}

#[test]
fn files_and_functions_stay_small() {
    check(&[sizes::files, sizes::functions]);
}

#[test]
fn no_field_is_about_a_person_and_no_word_judges_one() {
    check(&[words::personal, words::judging]);
}

#[test]
fn files_keep_their_habits() {
    check(&[
        files::opening,
        files::no_mod_rs,
        files::attributes,
        files::printing,
        files::sleeping,
        files::unwrapping,
    ]);
}

#[test]
fn manifests_give_reasons_and_nothing_names_this_machine() {
    check(&[files::dependencies, files::machine_paths]);
}

#[test]
fn the_licence_is_here_and_every_package_names_it() {
    let licence = std::fs::read_to_string(root().join("LICENSE")).unwrap();
    assert!(licence.contains("Apache License") && licence.contains("Version 2.0, January 2004"));
    for source in repository().iter().filter(|s| s.path.ends_with("Cargo.toml")) {
        let named = source.text.contains("license = \"Apache-2.0\"")
            || source.text.contains("license.workspace = true");
        assert!(named, "{} names no licence", source.path);
    }
}

/// The switches of `core::faults` are asked for by the tests' own tests and by nobody else.
#[test]
fn no_product_build_has_the_switches() {
    for source in repository().iter().filter(|s| s.path.ends_with("Cargo.toml")) {
        let (product, tests) =
            source.text.split_once("[dev-dependencies]").unwrap_or((&source.text, ""));
        let asks =
            |text: &str| text.lines().any(|l| !l.starts_with('#') && l.contains("\"faults\""));
        assert!(!asks(product), "{} asks for the switches", source.path);
        assert_eq!(asks(tests), source.path == "tests/Cargo.toml", "{}", source.path);
        assert!(!product.lines().any(|l| l.starts_with("default") && l.contains("faults")));
    }
}
