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
    if ours == "throws CultureNotFoundException" {
        return Some("there is no culture but the invariant one");
    }
    if source.contains("g += x") && ours == "compile CS0019" {
        return Some("delegates do not combine");
    }
    if let Outcome::Rejected(code) = theirs
        && matches!(&**code, "CS0311" | "CS0315" | "CS0453")
    {
        return Some("constraints of type parameters are not checked");
    }
    if source.contains("1252") {
        return Some("code pages are there without being registered");
    }
    if *theirs == Outcome::Throws("XmlException".into()) && !ours.starts_with("throws ") {
        return Some("names in XML are those of the fifth edition");
    }
    if source.contains("default(HashAlgorithmName)") && ours.starts_with("throws Null") {
        return Some("the default HashAlgorithmName has no members");
    }
    if source.contains("X509Certificate") {
        return Some("certificates without content");
    }
    if source.contains("FindSystemTimeZoneById") {
        return Some("time zones: names out of ICU, offsets before there were zones");
    }
    if ours == "throws JsonSerializationException" && source.contains('X') {
        return Some("XML is not written as JSON");
    }
    let (ours, Outcome::Value(_, theirs)) = (ours.split('\t').nth(1).unwrap_or(ours), theirs)
    else {
        return None;
    };
    if theirs.contains("PublicKeyToken") {
        return Some("full names do not carry assemblies");
    }
    if ours.contains("\\ufffd") && theirs.contains("\\ud") {
        return Some("a message does not hold half a surrogate pair");
    }
    if source.contains("N100") {
        return Some("precisions above 99, as later versions of .NET have them");
    }
    if let (Ok(a), Ok(b)) = (ours.parse::<f64>(), theirs.parse::<f64>())
        && a != b
        && ((a - b) / b).abs() < 1e-15
    {
        return Some(
            "last digit of a double: functions of Math, and 64-bit numbers, which 3.1 rounds twice",
        );
    }
    if last_digit(ours, theirs) {
        return Some("exact midpoints in F and N");
    }
    const SEARCHES: [&str; 4] = ["IndexOf(", "StartsWith(", "EndsWith(", "IsPrefix("];
    if SEARCHES.iter().any(|name| source.contains(name)) {
        return Some("searches without a comparison are ordinal");
    }
    None
}

/// Whether two texts of a number differ by one in the last place only.
fn last_digit(ours: &str, theirs: &str) -> bool {
    let digits = |text: &str| {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits.parse::<u64>().ok()
    };
    let frame = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    match (digits(ours), digits(theirs)) {
        (Some(a), Some(b)) => a.abs_diff(b) == 1 && frame(ours) == frame(theirs) && a % 2 == 1,
        _ => false,
    }
}
