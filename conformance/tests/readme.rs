//! `README.md` says which test claims which requirement; it is made from the tests themselves.

use vouchsafe_conformance::table;

#[test]
fn the_table_is_fresh() {
    let made = table::readme(table::root()).unwrap_or_else(|error| panic!("{error}"));
    let kept = std::fs::read_to_string(table::readme_path(table::root())).unwrap();
    assert!(
        made == kept,
        "conformance/README.md is stale: run `cargo run -p vouchsafe-conformance -- --write-table`"
    );
}
