//! `docs/expressions.md` says what the code's tables say.

use std::path::Path;

use tidegate_expressions::reference;

#[test]
fn the_documentation_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/expressions.md");
    let page = reference::markdown();
    if std::env::var_os("TIDEGATE_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("docs/expressions.md can be written");
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/expressions.md is stale; write it anew with\n    TIDEGATE_WRITE_DOCS=1 cargo test -p tidegate-expressions --test reference"
    );
}
