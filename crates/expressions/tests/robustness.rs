//! Whatever stands in an expression, compiling and running it ends with an answer: never a panic, a hang or an
//! exhausted process.

use proptest::prelude::*;
use tidegate_expressions::{Limits, Nowhere, Options, Stop, Target, Value, compile};

fn options() -> Options {
    Options {
        limits: Limits {
            source: 1 << 20,
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
        "@{ switch (1) { case 1: goto case 1; } return 0; }",
        // Endless sequences, whoever runs through them.
        "@(Enumerable.Range(0, int.MaxValue).ToDictionary(x => x, x => x).Count)",
        "@(Enumerable.Range(0, int.MaxValue).ToLookup(x => x).Count)",
        "@(Enumerable.Range(0, int.MaxValue).ToHashSet().Count)",
        "@(Enumerable.Range(0, int.MaxValue).OrderBy(x => -x).First())",
        "@(Enumerable.Range(0, int.MaxValue).GroupBy(x => x % 2).Count())",
        "@(Enumerable.Range(0, int.MaxValue).Distinct().Count())",
        "@(Enumerable.Range(0, int.MaxValue).Contains(-1))",
        "@(Enumerable.Range(0, int.MaxValue).Last(x => x < 0))",
        "@(Enumerable.Repeat(0, int.MaxValue).SequenceEqual(Enumerable.Repeat(0, int.MaxValue)))",
        "@(Enumerable.Range(0, 100000).SelectMany(x => Enumerable.Range(0, 100000)).Count())",
        "@(Enumerable.Range(0, 100000).Join(Enumerable.Range(0, 100000), x => 1, y => 1, (x, y) => x).Count())",
        "@((from a in Enumerable.Range(0, 100000) from b in Enumerable.Range(0, 100000) where a == -b select a).Count())",
        "@(string.Join(\",\", Enumerable.Range(0, int.MaxValue)))",
        "@(JsonConvert.SerializeObject(Enumerable.Range(0, int.MaxValue)))",
        "@(new JArray(Enumerable.Range(0, int.MaxValue)))",
        "@(new XElement(\"a\", Enumerable.Range(0, int.MaxValue).Select(i => new XElement(\"b\"))))",
        // Texts that double.
        "@{ var s = \"a\"; while (true) { s = $\"{s}{s}\"; } }",
        "@{ var s = \"a\"; while (true) { s = string.Format(\"{0}{0}\", s); } }",
        "@{ var s = \"a\"; while (true) { s = s.PadLeft(s.Length * 2); } }",
        "@{ var s = \"ab\"; while (true) { s = s.Insert(1, s); } }",
        "@{ var s = \"<\"; while (true) { s = System.Net.WebUtility.HtmlEncode(s + s); } }",
        "@{ var s = \"aaaaaaaa\"; while (true) { s = Regex.Replace(s, \"a\", \"$_\"); } }",
        "@{ var b = new StringBuilder(\"ab\"); while (true) { b.Append(b.ToString()); } }",
        "@(new StringBuilder(\"x\").Insert(0, \"yyyyyyyyyyyyyyyy\", 2000000000).Length)",
        "@(new StringBuilder().Append('x', 2000000000).Length)",
        "@{ FormattableString f = $\"{1}\"; for (int i = 0; i < 60; i++) { var g = f; f = $\"{g}{g}\"; } return f.ToString(); }",
        // Recursion that spreads, and patterns that backtrack, again and again.
        "@{ int Fib(int n) => n < 2 ? n : Fib(n - 1) + Fib(n - 2); return Fib(45); }",
        "@{ int F(int n) { try { return F(n); } finally { F(n); } } return F(0); }",
        "@{ for (;;) { try { Regex.IsMatch(new string('a', 40), \"^(a|a)*$b\"); } catch { } } }",
        "@{ for (;;) { try { Regex.IsMatch(new string('a', 1000), \"^(((((a*)*)*)*)*)*b\"); } catch { } } }",
        "@{ for (;;) ; }",
        "@{ do { continue; } while (true); }",
        "@{ foreach (var i in Enumerable.Range(0, int.MaxValue)) ; return 1; }",
        // Trees that hold copies of themselves.
        "@{ var o = new JObject(); for (;;) o[\"a\"] = o; }",
        "@{ dynamic o = new JObject(); for (;;) o.a = o; }",
        "@{ dynamic o = new JObject(); for (;;) { o.a = o; o.b = o; } }",
        "@{ var a = new JArray(); for (;;) a.Add(a); }",
        "@{ var a = new JArray(1); for (;;) a = new JArray(a, a.DeepClone()); }",
    ] {
        let expression = compile(source, Target::Any, &options()).expect(source);
        match expression.evaluate(&mut Nowhere::default()) {
            Err(Stop::Exception(exception)) => {
                assert_eq!(exception.type_name, "ExpressionLimitException", "{source}");
                assert!(exception.offset.is_some(), "no place in {source}");
            }
            other => panic!("{source}: {other:?}"),
        }
    }
}

#[test]
fn library_calls_pay_for_what_they_look_at_and_make() {
    let long = "var s = new string('x', 500000); var t = s.Substring(1) + \"x\";";
    let xml = "var x = XElement.Parse(\"<a>\" + string.Concat(Enumerable.Repeat(\"<b/>\", 2000)) + \"</a>\");";
    for source in [
        format!("@{{ {long} while (true) {{ s.GetHashCode(); }} }}"),
        format!("@{{ {long} while (true) {{ if (s != t + \"\") {{ return 1; }} }} }}"),
        format!("@{{ {long} while (true) {{ s.Equals(t); }} }}"),
        format!("@{{ {long} while (true) {{ string.Compare(s, t); }} }}"),
        format!("@{{ {long} while (true) {{ string.Compare(s, t, true); }} }}"),
        format!("@{{ {long} while (true) {{ string.CompareOrdinal(s, t); }} }}"),
        format!("@{{ {long} while (true) {{ s.StartsWith(t); }} }}"),
        format!("@{{ {long} var d = new Dictionary<string, int>(); while (true) {{ d[s] = 1; }} }}"),
        format!("@{{ {long} while (true) {{ new[] {{ s }}.Contains(t); }} }}"),
        format!("@{{ {xml} while (true) {{ x.ToString(); }} }}"),
        // What reads a text to its end without making anything of it.
        "@{ var s = new string('0', 500000); while (true) { int.Parse(s); } }".to_owned(),
        "@{ var s = new string('1', 500000); while (true) { double.Parse(s); } }".to_owned(),
        "@{ var s = new string('1', 500000); while (true) { decimal.TryParse(s, out var n); } }".to_owned(),
        "@{ var s = new string('0', 500000); while (true) { Convert.ToInt32(s); } }".to_owned(),
        "@{ var s = new string('0', 500000); while (true) { 1.ToString(s); } }".to_owned(),
        "@{ var s = new string('d', 500000); while (true) { try { DateTime.UtcNow.ToString(s); } catch { } } }".to_owned(),
        "@{ var s = new string('y', 50000); while (true) { DateTime.TryParseExact(s, s, null, System.Globalization.DateTimeStyles.None, out var d); } }".to_owned(),
        "@{ var s = \"http://a/\" + new string('y', 50000); while (true) { new Uri(s); } }".to_owned(),
        // Searches that match almost everywhere.
        "@{ var s = new string('é', 100000); var t = new string('é', 50000) + \"b\"; while (true) { s.IndexOf(t); } }".to_owned(),
        "@{ var s = new string('é', 100000); var t = \"b\" + new string('é', 50000); while (true) { s.LastIndexOf(t); } }".to_owned(),
        "@{ var s = new string('é', 100000); var t = new string('é', 50000) + \"b\"; while (true) { s.Split(new[] { t }, StringSplitOptions.None); } }".to_owned(),
        // What holds itself is copied.
        "@{ var x = new XElement(\"a\"); while (true) { x.Add(x); } }".to_owned(),
        "@{ var a = new JArray(); while (true) { a.Add(a); } }".to_owned(),
        "@{ var a = new JArray(1); while (true) { a[0] = a; a.Add(a); } }".to_owned(),
        "@{ Exception e = null; while (true) { e = new Exception(\"x\", e); } }".to_owned(),
        // Indentation of deep trees.
        "@{ var t = new JArray(); var r = t; for (int i = 0; i < 20000; i++) { var n = new JArray(); t.Add(n); t = n; } return r.ToString().Length; }".to_owned(),
        "@{ var t = new JArray(); var r = t; for (int i = 0; i < 20000; i++) { var n = new JArray(); t.Add(n); t = n; } return r.ToString(Newtonsoft.Json.Formatting.Indented).Length; }".to_owned(),
        "@{ var x = new XElement(\"a\"); for (int i = 0; i < 5000; i++) { x = new XElement(\"b\", x); } return x.ToString().Length; }".to_owned(),
        // Texts whose trees are much larger than they.
        "@(JToken.Parse(\"[\" + string.Concat(Enumerable.Repeat(\"[],\", 100000)) + \"1]\").Count())".to_owned(),
        "@(JToken.Parse(\"[\" + string.Concat(Enumerable.Repeat(\"1,\", 150000)) + \"1]\").Count())".to_owned(),
        "@(XElement.Parse(\"<a>\" + string.Concat(Enumerable.Repeat(\"<b/>\", 50000)) + \"</a>\").Nodes().Count())".to_owned(),
        "@(new string('x', 200000).Split('x').Length)".to_owned(),
        "@(Regex.IsMatch(\"a\", string.Join(\"|\", Enumerable.Range(0, 20000))))".to_owned(),
    ] {
        assert_eq!(
            run(&source).err().as_deref(),
            Some("ExpressionLimitException"),
            "{source}"
        );
    }
}

/// Their cost is that of their length, not its square.
#[test]
fn many_attributes_and_namespaces_are_read() {
    let run = |source: &str| {
        let expression = compile(source, Target::Any, &Options::default()).expect("an expression");
        expression.evaluate(&mut Nowhere::default())
    };
    for (source, expected) in [
        (
            r#"@(XElement.Parse("<a " + string.Join(" ", Enumerable.Range(0, 100000).Select(i => "b" + i + "='1'")) + "/>").Attributes().Count())"#,
            100_000,
        ),
        (
            r#"@(XElement.Parse("<a " + string.Join(" ", Enumerable.Range(0, 50000).Select(i => "xmlns:b" + i + "='u" + i + "' b" + i + ":c='1'")) + "/>").Attributes().Count())"#,
            100_000,
        ),
        // An inner declaration hides the outer one, and only there.
        (
            r#"@(XElement.Parse("<a xmlns='v' xmlns:p='u'><b xmlns='' xmlns:p='w' p:c='1'/><p:b/><b/></a>").Elements().Count(e => e.Name.NamespaceName == "v" || e.Name.NamespaceName == "u"))"#,
            2,
        ),
        (
            r#"@{ try { XElement.Parse("<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>"); return 0; } catch (Exception) { return 1; } }"#,
            1,
        ),
    ] {
        let found = run(source);
        assert!(
            matches!(found, Ok(Value::Int32(n)) if n == expected),
            "{source}: {found:?}"
        );
    }
}

#[test]
fn long_source_text_is_refused() {
    let refused = |source: String| {
        compile(&source, Target::Any, &Options::default())
            .err()
            .and_then(|found| found.first().map(|d| d.code))
    };
    let sized = |size: usize| format!("@(1/*{}*/)", "x".repeat(size - 8));
    assert_eq!(refused(sized(Limits::default().source)), None);
    assert_eq!(refused(sized(Limits::default().source + 1)), Some("CS8078"));
    let clauses = "from y in new[]{1} ".repeat(2_000);
    assert_eq!(
        refused(format!("@(from x in new[]{{1}} {clauses}select x)")),
        Some("CS8078")
    );
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

/// Objects that are large inside pay for that: what an evaluation holds stays in proportion to its limit.
#[test]
fn objects_pay_for_their_size() {
    for made in [
        "new Random(1)",
        "new Uri(\"http://a/b\")",
        "new UriBuilder(\"http://a/b\")",
        "new XDocument()",
        "SHA256.Create()",
        "TimeZoneInfo.CreateCustomTimeZone(\"a\", TimeSpan.Zero, \"b\", \"c\")",
    ] {
        let source = format!(
            "@{{ var l = new List<object>(); while (l.Count < 20000) l.Add({made}); return l; }}"
        );
        assert_eq!(
            run(&source).err().as_deref(),
            Some("ExpressionLimitException"),
            "{made}"
        );
    }
}
