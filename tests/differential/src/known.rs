//! Disagreements that are meant, as `docs/expressions.md` lists them, each with its cause.

use crate::csharp::Outcome;

/// Why the two may differ here. `None`: they must not.
pub fn cause(source: &str, ours: &str, theirs: &Outcome) -> Option<&'static str> {
    if ours == "throws ExpressionLimitException" || ours == "throws RegexMatchTimeoutException" {
        return Some("a limit of the evaluation");
    }
    if *theirs == Outcome::Lost || *theirs == Outcome::Throws("OutOfMemoryException".into()) {
        return Some("C# ran out of memory, stack or time");
    }
    if matches!(theirs, Outcome::Value(_, text) if text == "too long") {
        return Some("too long to show");
    }
    let _ = source;
    None
}
