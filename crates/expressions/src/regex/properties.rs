//! Properties of any pattern and text: no panic, no endless match, captures inside the text.

use proptest::prelude::*;

use super::{Error, Options, Regex, Replacement, Steps, escape, unescape};
use crate::value::Str;

fn pattern() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-c]",
        1 => prop::sample::select(vec![
            ".", "\\d", "\\w", "\\b", "\\B", "^", "$", "\\A", "\\z", "\\Z", "\\G", "[a-c]", "[^b]", "[\\w-[b]]", "\\1", "\\k<n>",
            "\\p{L}", "\\x61", "|",
        ]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,}?"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec![
            "(", "(?:", "(?<n>", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i)", "(?<-n>", "(?(n)", "(?(1)", "(?(?=a)", "(?x:",
            ")", ")", ")", ")", ")",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..14).prop_map(|parts| {
        let text = parts.concat();
        // Open groups are closed, so that many patterns are good ones.
        let open = text
            .matches('(')
            .count()
            .saturating_sub(text.matches(')').count());
        text + &")".repeat(open)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_pattern_matches_within_its_limit(pattern in pattern(), text in "[abcAB\n 1]{0,12}", bits in 0_i64..128) {
        let Some(options) = Options::from_bits(bits) else { return Ok(()) };
        let Ok(regex) = Regex::new(&Str::from(pattern.as_str()), options) else { return Ok(()) };
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut next = regex.find_from(&units, regex.start(units.len()), &mut Steps::new(5_000));
        let mut count = 0;
        while let Ok(Some(found)) = next {
            count += 1;
            prop_assert!(count <= units.len() + 1);
            for (start, end) in found.groups.iter().flatten() {
                prop_assert!(start <= end && *end <= units.len());
            }
            next = regex.find_after(&units, &found, &mut Steps::new(5_000));
        }
        prop_assert!(matches!(next, Ok(None) | Err(Error::Timeout)));
        let _ = regex.split::<Error>(&units, 0, regex.start(units.len()), &mut Steps::new(5_000), &mut |_| Ok(()));
    }

    #[test]
    fn any_text_is_a_pattern_or_refused(pattern in r"[\\\[\](){}?*+|^$.<>=!:'#a-c0-9, \-]{0,20}", replacement in r"[$&`'_+{}0-9a]{0,8}") {
        if let Ok(regex) = Regex::new(&Str::from(pattern.as_str()), Options::default()) {
            let _ = regex.find(&Str::from("abc 123"), &mut Steps::new(2_000));
            let _ = Replacement::new(&regex, &Str::from(replacement.as_str()));
        }
        let _ = unescape(&Str::from(pattern.as_str()));
    }

    #[test]
    fn an_escaped_text_matches_itself(text in ".{0,20}") {
        let text = Str::from(text.as_str());
        let regex = Regex::new(&escape(&text), Options::default()).unwrap();
        let found = regex.find(&text, &mut Steps::new(5_000)).unwrap().unwrap();
        prop_assert_eq!(found.span(), (0, text.len()));
        prop_assert_eq!(unescape(&escape(&text)).unwrap(), text);
    }
}
