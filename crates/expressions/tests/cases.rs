//! Runs the rows of `tests/cases.tsv`: expression, result type, result, note. Where the environment variable
//! `TIDEGATE_EXPRESSION_CASES` names another file of that form, its rows run as well and disagreements are printed.

use tidegate_expressions::notation::{self, Outcome};
use tidegate_expressions::{Nowhere, Options};

/// What an expression gives: the second and third column of a row.
fn outcome(source: &str) -> (String, String) {
    let mut host = Nowhere::default();
    match notation::evaluate(source, &Options::default(), &mut host) {
        Outcome::Value { ty, text, .. } => (ty, text),
        failure => ("-".into(), failure.to_string()),
    }
}

/// Number of rows and the rows that disagree.
fn run(text: &str) -> (usize, Vec<String>) {
    let mut count = 0;
    let mut wrong = Vec::new();
    for line in text.lines().skip(1).filter(|l| !l.trim().is_empty()) {
        let mut fields = line.split('\t');
        let (Some(source), Some(ty), Some(result)) = (fields.next(), fields.next(), fields.next())
        else {
            wrong.push(format!("not a row: {line}"));
            continue;
        };
        count += 1;
        let (found_ty, found) = outcome(source);
        // A bad regex may throw a class derived from ArgumentException.
        let derived = result == "throws ArgumentException" && found == "throws RegexParseException";
        if (found_ty != ty || found != result) && !derived {
            wrong.push(format!(
                "{source}\n    expected {ty} {result}\n    found    {found_ty} {found}"
            ));
        }
    }
    (count, wrong)
}

#[test]
fn every_row_agrees() {
    agree(include_str!("cases.tsv"));
}

/// XPath, `XmlDocument` and `XmlReader`; the results are those of .NET Core 3.1.
#[test]
fn every_row_about_xml_agrees() {
    agree(include_str!("xml.tsv"));
}

fn agree(rows: &str) {
    let (count, wrong) = run(rows);
    assert!(
        wrong.is_empty(),
        "{} of {count} rows disagree:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn rows_of_the_named_file_agree() {
    let Ok(path) = std::env::var("TIDEGATE_EXPRESSION_CASES") else {
        return;
    };
    let text =
        std::fs::read_to_string(&path).expect("the file that TIDEGATE_EXPRESSION_CASES names");
    let (count, wrong) = run(&text);
    assert!(
        wrong.is_empty(),
        "{}\n{} of {count} rows agree",
        wrong.join("\n"),
        count - wrong.len()
    );
}
