//! Whatever stands in an expression, compiling and running it ends with an answer: never a panic, a hang or an
//! exhausted process.

use proptest::prelude::*;
use tidegate_expressions::{Limits, Nowhere, Options, Stop, Target, Value, compile};

fn options() -> Options {
    Options {
        limits: Limits {
            fuel: 200_000,
            allocation: 8 << 20,
            depth: 200,
            ..Limits::default()
        },
        ..Options::default()
    }
}

fn run(source: &str) -> Result<Value, String> {
    let expression = compile(source, Target::Any, &options())
        .map_err(|diagnostics| diagnostics.first().map_or("", |d| d.code).to_owned())?;
    match expression.evaluate(&mut Nowhere::default()) {
        Ok(value) => Ok(value),
        Err(Stop::Exception(exception)) => Err(exception.type_name),
        Err(Stop::NeedsBody(_)) => Err("body".into()),
    }
}

#[test]
fn runaway_expressions_end_in_a_limit_that_catch_cannot_swallow() {
    for source in [
        "@{ while (true) { } }",
        "@{ for (;;) { try { throw new Exception(); } catch { } } }",
        "@{ int F(int n) { return F(n + 1); } return F(0); }",
        "@{ int F(int n) => n == 0 ? 0 : 1 + G(n); int G(int n) => F(n); return F(1); }",
        "@{ Func<int, int> f = null; f = x => f(x + 1); return f(0); }",
        "@{ try { while (true) { } } catch (Exception) { return 1; } }",
        "@{ try { while (true) { } } finally { while (true) { } } }",
        "@{ var s = \"x\"; while (true) { s += s; } }",
        "@(new string('x', 2000000000))",
        "@(\"x\".PadLeft(2000000000))",
        "@(new int[2000000000].Length)",
        "@(new int[60000, 60000].Length)",
        "@{ var l = new List<int>(); while (true) { l.Add(1); } }",
        "@(Enumerable.Repeat(\"xxxxxxxxxxxxxxxx\", int.MaxValue).ToList())",
        "@(Enumerable.Range(0, int.MaxValue).Sum(x => (long)x))",
        "@(string.Join(\"\", Enumerable.Repeat(\"xxxxxxxxxxxxxxxx\", 1000000000)))",
        "@($\"{1,900000000}\")",
        "@{ var d = new Dictionary<int, int>(); for (int i = 0; ; i++) d[i] = i; }",
        "@{ var b = new StringBuilder(); while (true) { b.Append(\"xxxxxxxx\"); } }",
        "@(\"x\".Replace(\"x\", new string('y', 100000)).Replace(\"y\", new string('z', 100000)))",
    ] {
        assert_eq!(
            run(source).err().as_deref(),
            Some("ExpressionLimitException"),
            "{source}"
        );
    }
}

#[test]
fn deep_source_text_is_refused() {
    let deep = |open: &str, middle: &str, close: &str, n: usize| {
        format!("@({}{middle}{})", open.repeat(n), close.repeat(n))
    };
    for source in [
        deep("(", "1", ")", 50_000),
        deep("-", "1", "", 50_000),
        deep("!", "true", "", 50_000),
        deep("new[]{", "1", "}", 50_000),
        deep("x => ", "1", "", 50_000),
        deep("F(", "1", ")", 50_000),
        deep("1 + (", "1", ")", 50_000),
        deep("true ? 1 : ", "1", "", 50_000),
        deep("a[", "1", "]", 50_000),
        deep("List<", "int", ">", 50_000),
        deep("(int)", "1", "", 50_000),
        deep("from x in a select ", "1", "", 50_000),
        deep("$\"{", "1", "}\"", 5_000),
        format!("@(1{})", " + 1".repeat(100_000)),
        format!("@(a{})", ".b".repeat(100_000)),
        format!("@(a{})", "?.b".repeat(50_000)),
        format!("@{{ {} return 1; }}", "{".repeat(50_000)),
        format!("@{{ {} return 1; }}", "if (true) ".repeat(50_000)),
    ] {
        assert!(
            compile(&source, Target::Any, &options()).is_err(),
            "{}",
            &source[..40]
        );
    }
}

#[test]
fn long_but_flat_expressions_work() {
    let sum = format!("@(1{})", " + 1".repeat(500));
    assert!(matches!(run(&sum), Ok(Value::Int32(501))));
    let text = format!("@(\"a\"{} + 1)", " + \"b\"".repeat(500));
    assert!(matches!(run(&text), Ok(Value::Str(s)) if s.len() == 502));
    let conditions = format!("@(1 == 2{})", " || 1 == 1".repeat(500));
    assert!(matches!(run(&conditions), Ok(Value::Bool(true))));
}

#[test]
fn nested_lambdas_under_overloads_stay_affordable() {
    let mut source = String::from("x1");
    for i in (1..=8).rev() {
        source = format!("new[]{{1,2}}.Sum(x{i} => {source} + {i})");
    }
    let started = compile(&format!("@({source})"), Target::Any, &options());
    // Either it compiles or it is refused as too complex; both in bounded work.
    if let Err(diagnostics) = started {
        assert!(
            diagnostics.iter().any(|d| d.code == "CS8078"),
            "{diagnostics:?}"
        );
    }
}

const WORDS: &[&str] = &[
    "context",
    "Request",
    "Response",
    "Variables",
    "x",
    "y",
    "var",
    "int",
    "string",
    "new",
    "return",
    "if",
    "else",
    "foreach",
    "in",
    "while",
    "for",
    "switch",
    "case",
    "default",
    "try",
    "catch",
    "finally",
    "throw",
    "is",
    "as",
    "null",
    "true",
    "false",
    "1",
    "2.5",
    "\"a\"",
    "'c'",
    "$\"{x}\"",
    "List<int>",
    "Dictionary<string, int>",
    "JObject",
    "from",
    "select",
    "where",
    "let",
    "orderby",
    "group",
    "by",
    "=>",
    "==",
    "!=",
    "&&",
    "||",
    "??",
    "?.",
    "?",
    ":",
    ".",
    ",",
    ";",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "+",
    "-",
    "*",
    "/",
    "%",
    "<",
    ">",
    "=",
    "+=",
    "++",
    "!",
    "~",
    "&",
    "|",
    "^",
    "Where",
    "Select",
    "First",
    "ToString",
    "Parse",
    "Length",
    "Count",
    "typeof",
    "nameof",
    "out",
    "ref",
    "params",
    "dynamic",
    "Func<int, int>",
    "checked",
    "unchecked",
    "const",
    "using",
    "lock",
    "do",
    "break",
    "continue",
    "delegate",
    "int?",
    "T",
    "<T>",
    "(int)",
    "(string)",
    "??=",
    "@",
    "$",
    "\\",
    "\n",
    "//",
    "/*",
    "*/",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_words_compile_or_are_refused(words in proptest::collection::vec(0..WORDS.len(), 0..40), block: bool) {
        let text: Vec<&str> = words.iter().map(|w| WORDS[*w]).collect();
        let text = text.join(" ");
        let source = if block { format!("@{{{text}}}") } else { format!("@({text})") };
        if let Ok(expression) = compile(&source, Target::Any, &options()) {
            let _ = expression.evaluate(&mut Nowhere::default());
        }
    }

    #[test]
    fn any_text_compiles_or_is_refused(text in "\\PC{0,60}", block: bool) {
        let source = if block { format!("@{{{text}}}") } else { format!("@({text})") };
        if let Err(diagnostics) = compile(&source, Target::Any, &options()) {
            for d in diagnostics {
                prop_assert!(d.range.start <= d.range.end && d.range.end <= source.len(), "{:?} in {:?}", d.range, source);
            }
        }
    }
}
