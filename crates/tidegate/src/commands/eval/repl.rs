//! `tidegate eval --interactive`: reads expressions, prints what they give, until the input ends.
//!
//! A line without `@( )` or `@{ }` around it is taken as an expression, or as statements where it holds a `return`. An
//! expression that is not complete goes on on the next line. The history is kept in the user's state folder; a line
//! that begins with a space is left out of it.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use tidegate_expressions::{Options, Target, compile};

use super::{Evaluator, FAILED, complete, explain};

/// Most lines that are remembered.
const HISTORY: usize = 1000;

const WELCOME: &str = "C# policy expressions; Tab completes, Ctrl-D ends.";

/// Reads and evaluates until the input ends.
pub fn run(evaluator: Evaluator) -> ExitCode {
    match converse(&evaluator) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "eval: {error}");
            ExitCode::from(FAILED)
        }
    }
}

fn converse(evaluator: &Evaluator) -> rustyline::Result<()> {
    let config = Config::builder()
        .max_history_size(HISTORY)?
        .history_ignore_dups(true)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .build();
    let mut editor: Editor<Assistant, DefaultHistory> = Editor::with_config(config)?;
    editor.set_helper(Some(Assistant {
        options: evaluator.options,
    }));
    let terminal = std::io::stdin().is_terminal();
    let history = if terminal { history_file() } else { None };
    if let Some(path) = &history {
        // There is none the first time.
        let _ = editor.load_history(path);
    }
    if terminal {
        let _ = writeln!(std::io::stderr(), "{WELCOME}");
    }
    loop {
        let line = match editor.readline(if terminal { "> " } else { "" }) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error),
        };
        if line.trim().is_empty() {
            continue;
        }
        editor.add_history_entry(line.as_str())?;
        let source = whole(&line);
        let (outcome, traces) = evaluator.evaluate(&source);
        writeln!(std::io::stdout(), "{outcome}")?;
        explain(&source, &outcome, &traces);
    }
    if let Some(path) = &history {
        // A read-only home is no reason to fail after the work is done.
        let _ = editor.append_history(path);
    }
    Ok(())
}

/// `$XDG_STATE_HOME/tidegate/eval-history`; `None` where there is no home.
fn history_file() -> Option<PathBuf> {
    let folder = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?
        .join("tidegate");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("eval-history"))
}

/// The typed text as a policy expression.
fn whole(line: &str) -> String {
    let text = line.trim();
    if text.starts_with("@(") || text.starts_with("@{") {
        text.to_owned()
    } else if text.ends_with([';', '}']) && has_return(text) {
        format!("@{{ {text} }}")
    } else {
        format!("@({text})")
    }
}

/// Whether the word `return` or `throw` stands somewhere in the text.
fn has_return(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| matches!(word, "return" | "throw"))
}

/// Whether what is wrong with the text may be that it goes on: brackets are open, and an error reaches to its very end.
fn is_incomplete(text: &str, options: &Options) -> bool {
    let text = text.trim_end();
    (text.starts_with("@(") || text.starts_with("@{"))
        && is_open(text)
        && compile(text, Target::Any, options).is_err_and(|findings| {
            findings
                .iter()
                .any(|finding| finding.range.end >= text.len())
        })
}

/// Whether more brackets open than close.
fn is_open(text: &str) -> bool {
    let opened = text.matches(['(', '{', '[']).count();
    let closed = text.matches([')', '}', ']']).count();
    opened > closed
}

/// What the line editor asks about the typed text.
struct Assistant {
    options: Options,
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..pos).unwrap_or_default();
        Ok(complete::complete(before, &self.options))
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        // An empty line ends an expression that cannot be completed.
        if !text.ends_with('\n') && is_incomplete(text.trim_start(), &self.options) {
            return Ok(ValidationResult::Incomplete);
        }
        Ok(ValidationResult::Valid(None))
    }
}

impl Hinter for Assistant {
    type Hint = String;
}

impl Highlighter for Assistant {}

impl Helper for Assistant {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_text_is_wrapped() {
        assert_eq!(whole(" 1 + 2 "), "@(1 + 2)");
        assert_eq!(whole("@(1)"), "@(1)");
        assert_eq!(whole("@\"a\""), "@(@\"a\")");
        assert_eq!(whole("var x = 1; return x;"), "@{ var x = 1; return x; }");
        assert_eq!(whole("new { returned = 1 }"), "@(new { returned = 1 })");
    }

    #[test]
    fn what_is_not_closed_goes_on() {
        let options = Options::default();
        for text in ["@(", "@{ var x = 1;", "@(new[] { 1,", "@{ if (true) {"] {
            assert!(is_incomplete(text, &options), "{text}");
        }
        for text in ["@(1)", "@(1 + )", "@(nothing)", "@{ return 1; }", "1 +"] {
            assert!(!is_incomplete(text, &options), "{text}");
        }
    }
}
