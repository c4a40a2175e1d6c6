//! What is wrong with an expression, in words: in flows what the scanner made of a value, out flows a diagnostic.

use crate::classify::Class;
use crate::diagnostic::Diagnostic;
use crate::parser::Reader;
use crate::scan_csharp::{ScanErrorKind, is_space};
use crate::text::Text;

impl Reader<'_> {
    /// Reports what a value is, where that is worth a word.
    pub(crate) fn report(&mut self, text: &Text, class: Class) {
        let place = |at: usize, len: usize| text.source_range(at..at + len);
        let error = match class {
            Class::Literal | Class::Expression => return,
            Class::Mixed(range) => {
                let warning = Diagnostic::warning(
                    "mixed-expression",
                    "literal text with an expression in it stays literal text",
                )
                .at(self.file, text.source_range(range))
                .label("this is not evaluated")
                .help("make the whole value one expression, such as `@(\"text\" + value)`");
                self.warn(warning);
                return;
            }
            Class::EndsEarly(end) => {
                let rest = text.value().get(end..).unwrap_or_default();
                let blank = rest.len() - rest.trim_start_matches(is_space).len();
                Diagnostic::error(
                    "unbalanced-expression",
                    "the expression ends before the value does",
                )
                .at(
                    self.file,
                    text.source_range(end + blank..text.value().trim_end().len()),
                )
                .label("this is behind its end")
                .related(self.file, place(end - 1, 1), "the expression ends here")
                .help("remove the bracket too many, or join the parts in one expression")
            }
            Class::Broken(error) => self.unbalanced(text, error.kind, error.at),
        };
        self.push_error(error);
    }

    fn unbalanced(&self, text: &Text, kind: ScanErrorKind, at: usize) -> Diagnostic {
        let place = |at: usize, len: usize| text.source_range(at..at + len);
        let error = |message: String, len: usize| {
            Diagnostic::error("unbalanced-expression", message).at(self.file, place(at, len))
        };
        match kind {
            ScanErrorKind::Unclosed(open) => error(
                format!(
                    "the expression has no end: this `{}` is never closed",
                    open as char
                ),
                1,
            )
            .label("opened here")
            .related(
                self.file,
                text.span().end..text.span().end,
                "the value ends here",
            ),
            ScanErrorKind::Mismatched {
                found,
                expected,
                opened,
            } => error(
                format!(
                    "the expression has `{}` where `{}` must come first",
                    found as char, expected as char
                ),
                1,
            )
            .label(format!("expected `{}`", expected as char))
            .related(self.file, place(opened, 1), "to close this"),
            ScanErrorKind::UnterminatedString { line_break } => {
                let error = error(
                    "the string in the expression has no closing `\"`".to_owned(),
                    1,
                )
                .label("begins here");
                if line_break {
                    error.help(
                        "a string may not go on in the next line, unless it is verbatim: `@\"…\"`",
                    )
                } else {
                    error
                }
            }
            ScanErrorKind::UnterminatedCharacter => {
                error("the character literal has no closing `'`".to_owned(), 1)
                    .label("begins here")
                    .help("C# strings stand in double quotes")
            }
            ScanErrorKind::UnterminatedComment => error(
                "the comment in the expression has no closing `*/`".to_owned(),
                2,
            )
            .label("begins here"),
            ScanErrorKind::XmlComment => Diagnostic::error(
                "comment-in-expression",
                "an XML comment cannot stand inside an expression",
            )
            .at(self.file, place(at, 4))
            .help("use a C# comment: `// …` or `/* … */`"),
            ScanErrorKind::TooDeep => error(
                "the expression has too many brackets open at once".to_owned(),
                1,
            ),
            ScanErrorKind::Reference | ScanErrorKind::Cdata => {
                error("the expression has no end".to_owned(), 1)
            }
        }
    }
}
