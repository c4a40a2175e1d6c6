//! Facts about .NET's regular expressions.

use super::*;

const LIMIT: usize = 100_000;

fn steps() -> Steps {
    Steps::new(LIMIT)
}

fn options(bits: i64) -> Options {
    Options::from_bits(bits).unwrap()
}

fn first(pattern: &str, text: &str, bits: i64) -> Option<String> {
    let regex = Regex::new(&pattern.into(), options(bits)).unwrap();
    let found = regex.find(&text.into(), &mut steps()).unwrap()?;
    let (start, end) = found.span();
    let units: Vec<u16> = text.encode_utf16().collect();
    Some(String::from_utf16_lossy(&units[start..end]))
}

fn matches(pattern: &str, text: &str, bits: i64) -> bool {
    first(pattern, text, bits).is_some()
}

fn all(pattern: &str, text: &str, bits: i64) -> Vec<Span> {
    let regex = Regex::new(&pattern.into(), options(bits)).unwrap();
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut next = regex
        .find_from(&units, regex.start(units.len()), &mut steps())
        .unwrap();
    let mut spans = Vec::new();
    while let Some(found) = next {
        spans.push(found.span());
        next = regex.find_after(&units, &found, &mut steps()).unwrap();
    }
    spans
}

fn replaced(pattern: &str, text: &str, replacement: &str) -> String {
    let regex = Regex::new(&pattern.into(), Options::default()).unwrap();
    let units: Vec<u16> = text.encode_utf16().collect();
    let replacement = Replacement::new(&regex, &replacement.into());
    let found = regex.find_from(&units, 0, &mut steps()).unwrap().unwrap();
    let (start, end) = found.span();
    let mut out = units[..start].to_vec();
    replacement.append(&units, &found, &mut out);
    out.extend_from_slice(&units[end..]);
    String::from_utf16_lossy(&out)
}

#[test]
fn quantifiers_are_greedy_lazy_or_atomic() {
    assert_eq!(first("<.+>", "<a><b>", 0).as_deref(), Some("<a><b>"));
    assert_eq!(first("<.+?>", "<a><b>", 0).as_deref(), Some("<a>"));
    assert_eq!(first("a*?", "aaa", 0).as_deref(), Some(""));
    assert_eq!(
        first("(?:ab){2,3}", "ababab ab", 0).as_deref(),
        Some("ababab")
    );
    assert_eq!(first("(?:ab){2,3}?", "ababab", 0).as_deref(), Some("abab"));
    assert!(!matches("(?>a|ab)c", "abc", 0));
    assert!(matches("(?:a|ab)c", "abc", 0));
    assert!(matches("^(?:a*)*$", "aaa", 0));
    assert_eq!(first("a{,2}", "a{,2}", 0).as_deref(), Some("a{,2}"));
}

#[test]
fn anchors_follow_lines_and_options() {
    assert!(matches("^b$", "b\n", 0) && !matches(r"^b\z", "b\n", 0) && matches(r"b\Z", "b\n", 0));
    assert!(!matches("^b$", "x\nb", 0) && matches("^b$", "x\nb", 2));
    assert!(!matches("a.b", "a\nb", 0) && matches("a.b", "a\nb", 16) && matches("a.b", "a\rb", 0));
    assert_eq!(all(r"\Ga", "aab", 0), [(0, 1), (1, 2)]);
    assert_eq!(all(r"\bfoo\b", "foo xfoo foo", 0), [(0, 3), (9, 12)]);
}

#[test]
fn classes_know_unicode_and_subtraction() {
    assert!(
        matches(r"^\w\d\s$", "é٣\u{2003}", 0)
            && !matches(r"\d", "٣", 256)
            && !matches(r"\w", "é", 256)
    );
    assert!(matches(r"^[a-z-[aeiou]]+$", "xyz", 0) && !matches(r"[a-z-[aeiou]]", "aei", 0));
    assert!(matches(r"^\p{Lu}\P{Lu}\p{IsGreek}$", "Aaα", 0));
    assert!(matches(r"^[]a]+$", "]a", 0) && matches(r"^[^]a]$", "b", 0));
    assert!(matches(r"[\d\-x]", "-", 0) && matches(r"^[\x41-\u0043\t]+$", "ABC\t", 0));
    assert!(matches("[^A]", "a", 0) && !matches("[^A]", "a", 1) && matches("^[a-z]+$", "aB", 1));
}

#[test]
fn inline_options_hold_to_the_end_of_their_group() {
    assert!(
        matches("(?i)abc", "ABC", 0)
            && matches("a(?i:b)c", "aBc", 0)
            && !matches("a(?i:b)c", "aBC", 0)
    );
    assert!(matches("(a(?i)b)c", "aBc", 0) && !matches("(a(?i)b)c", "aBC", 0));
    assert!(matches(r"a\ b # blank", "a b", 32) && matches("(?x) a b", "ab", 0));
    assert!(matches("a(?#comment)b", "ab", 0));
}

#[test]
fn look_around_and_references() {
    assert!(matches("foo(?!baz)", "foobar", 0) && !matches("foo(?!bar)", "foobar", 0));
    assert_eq!(first("(?<=foo)bar", "foobar", 0).as_deref(), Some("bar"));
    assert_eq!(
        first("(?<!foo)bar", "foobar xbar", 0).as_deref(),
        Some("bar")
    );
    assert_eq!(all(r"(?<=(\d)(\d))x", "12x", 0), [(2, 3)]);
    assert!(matches(r"^(ab)\1$", "abab", 0) && matches(r"(?i)^(ab)\1$", "abAB", 0));
    assert!(matches(r"(?<n>.)\k<n>", "xaab", 0) && matches(r"\101", "A", 0));
    assert!(!matches(r"(a)?\1b", "b", 0) || matches(r"(a)?\1b", "b", 256));
    assert!(matches(r"^(?(?=a)ab|cd)$", "ab", 0) && matches(r"^(?(?=a)ab|cd)$", "cd", 0));
    assert!(matches(r"^(<)?x(?(1)>)$", "<x>", 0) && !matches(r"^(<)?x(?(1)>)$", "<x", 0));
}

#[test]
fn every_round_of_a_loop_leaves_a_capture() {
    let regex = Regex::new(&"(?<c>.X)+".into(), Options::default()).unwrap();
    let found = regex.find(&"aXbX".into(), &mut steps()).unwrap().unwrap();
    assert_eq!(found.groups[1], [(0, 2), (2, 4)]);
}

#[test]
fn balancing_groups_pop_captures() {
    assert!(matches(r"^(?<o><)+x(?<-o>>)+(?(o)(?!))$", "<<x>>", 0));
    assert!(!matches(r"^(?<o><)+x(?<-o>>)+(?(o)(?!))$", "<<x>", 0));
    let regex = Regex::new(
        &r"(?<open>\()[^()]*(?<in-open>\))".into(),
        Options::default(),
    )
    .unwrap();
    let found = regex.find(&"f(ab)".into(), &mut steps()).unwrap().unwrap();
    assert_eq!(found.group(regex.slot_of_name("in").unwrap()), Some((2, 4)));
}

#[test]
fn right_to_left_finds_the_last_first() {
    assert_eq!(all(r"\d+", "12 34", 64), [(3, 5), (0, 2)]);
    assert_eq!(first("ab", "abab", 64).as_deref(), Some("ab"));
    assert_eq!(all("", "ab", 0), [(0, 0), (1, 1), (2, 2)]);
}

#[test]
fn positions_are_utf16_units() {
    assert_eq!(all("b", "😀b", 0), [(2, 3)]);
    assert_eq!(all(".", "😀", 0), [(0, 1), (1, 2)]);
}

#[test]
fn replacement_patterns() {
    assert_eq!(
        replaced(r"(\w+) (\w+)", "John Smith", "$2 $1"),
        "Smith John"
    );
    assert_eq!(replaced("(?<x>b)", "abc", "[${x}]"), "a[b]c");
    assert_eq!(replaced("b", "abc", "$$"), "a$c");
    assert_eq!(replaced("b", "abc", "$1"), "a$1c");
    assert_eq!(replaced("b", "abc", "$&-$`-$'-$_"), "ab-a-c-abcc");
    assert_eq!(replaced("(a)(b)", "ab", "$+${9}$"), "b${9}$");
}

#[test]
fn splits_keep_captures() {
    let split = |pattern: &str, text: &str, count: usize| -> Vec<String> {
        let regex = Regex::new(&pattern.into(), Options::default()).unwrap();
        let units: Vec<u16> = text.encode_utf16().collect();
        let pieces = regex
            .split::<Error>(&units, count, 0, &mut steps(), &mut |_| Ok(()))
            .unwrap();
        pieces.iter().map(ToString::to_string).collect()
    };
    assert_eq!(split(r"\d+", "a1b22c", 0), ["a", "b", "c"]);
    assert_eq!(split(r"(\d)", "a1b", 0), ["a", "1", "b"]);
    assert_eq!(split("", "abc", 0), ["", "a", "b", "c", ""]);
    assert_eq!(split(",", "a,b,c", 2), ["a", "b,c"]);
    assert_eq!(split("x", "abc", 0), ["abc"]);
}

#[test]
fn escape_and_unescape_are_inverse() {
    assert_eq!(escape(&"a.b*c #\n".into()), r"a\.b\*c\ \#\n");
    assert_eq!(unescape(&r"a\.b\t\x41".into()).unwrap(), "a.b\tA");
    assert!(unescape(&"a\\".into()).is_err());
}

#[test]
fn catastrophic_patterns_end_in_a_timeout() {
    for (pattern, text) in [
        ("^(a+)+$", format!("{}b", "a".repeat(40))),
        ("(x+x+)+y", "x".repeat(60)),
        ("(?>a*)b", "a".repeat(200_000)),
        ("^(?:(?:a?){30}){30}b", "a".repeat(40)),
    ] {
        let regex = Regex::new(&pattern.into(), Options::default()).unwrap();
        assert_eq!(
            regex.find(&text.as_str().into(), &mut steps()),
            Err(Error::Timeout),
            "{pattern}"
        );
    }
    // Long text alone is no reason to give up.
    let long = "word ".repeat(100_000);
    let regex = Regex::new(&r"\bmissing\b".into(), Options::default()).unwrap();
    assert_eq!(regex.find(&long.as_str().into(), &mut steps()), Ok(None));
}

#[test]
fn invalid_option_sets_are_refused() {
    assert_eq!(Options::from_bits(256 | 16), None);
    assert_eq!(Options::from_bits(1024), None);
    assert!(Options::from_bits(1 | 512 | 8).is_some());
}
