//! The engine of regular expressions: any pattern, options, replacement and input within its steps; captures lie inside
//! the input, pieces put together are the input again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tidegate_expressions::{Expression, Stop, Target, Value, compile};
use tidegate_fuzz::{Choices, Texts, bound_memory, tight};

/// `a` is the pattern, `b` the input, `c` the replacement, `d` the options.
static EXPRESSION: LazyLock<Expression> = LazyLock::new(|| {
    let source = r#"@{
        var input = (string)context.Variables["b"];
        var regex = new Regex((string)context.Variables["a"], (RegexOptions)int.Parse((string)context.Variables["d"]));
        var last = -1;
        var count = 0;
        foreach (Match match in regex.Matches(input)) {
            count++;
            if (match.Value != input.Substring(match.Index, match.Length)) { return "value"; }
            foreach (Group group in match.Groups) {
                foreach (Capture capture in group.Captures) {
                    if (capture.Value != input.Substring(capture.Index, capture.Length)) { return "capture"; }
                }
            }
            if (match.Result("$&") != match.Value) { return "result"; }
            last = match.Index;
        }
        if (regex.IsMatch(input) != (count > 0)) { return "is match"; }
        if (regex.Replace(input, "$&") != input) { return "replace"; }
        if (regex.Replace(input, m => m.Value) != input) { return "replace with a function"; }
        if (regex.GetGroupNumbers().Length == 1 && count > 0 && !regex.RightToLeft && string.Concat(regex.Split(input)) != regex.Replace(input, "")) { return "split"; }
        regex.Replace(input, (string)context.Variables["c"]);
        if (Regex.Unescape(Regex.Escape(input)) != input) { return "escape"; }
        return "";
    }"#;
    compile(source, Target::Any, &tight()).expect("an expression")
});

fuzz_target!(init: bound_memory(), |bytes: &[u8]| {
    let mut choices = Choices::new(bytes);
    let options = (usize::from(choices.byte()) | usize::from(choices.byte()) << 8) & 1023;
    let rest = choices.rest();
    let mut parts = rest.splitn(3, '\u{1}');
    let pattern = parts.next().unwrap_or_default();
    let input = parts.next().unwrap_or("aAb1 \n-aab");
    let replacement = parts.next().unwrap_or("$1$$${n}");
    let mut host = Texts::new(&[pattern, input, replacement, &options.to_string()]);
    match EXPRESSION.evaluate(&mut host) {
        Ok(Value::Str(wrong)) => assert!(wrong.len() == 0, "{wrong}: {pattern:?} {input:?} {options}"),
        Err(Stop::Exception(exception)) => assert!(
            ["ArgumentException", "ArgumentOutOfRangeException", "RegexParseException", "RegexMatchTimeoutException", "ExpressionLimitException"].contains(&&*exception.type_name),
            "{exception:?}: {pattern:?} {input:?} {options}"
        ),
        other => panic!("{other:?}"),
    }
});
