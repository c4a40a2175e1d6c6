//! The features of the language, each with an example that a test evaluates.

use super::{Chapter, Example};

const fn example(about: &'static str, source: &'static str, outcome: &'static str) -> Example {
    Example {
        about,
        source,
        outcome,
    }
}

/// In the order of the page.
pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        title: "Literals and text",
        examples: &[
            example(
                "integers: decimal, hexadecimal, binary, `_`, suffixes",
                "@(0xFF + 0b1010_0000 + 1_000L)",
                "long\t1415",
            ),
            example("real numbers", "@(1.5 + 1e3 + .25f)", "double\t1001.75"),
            example("decimals keep their scale", "@(1.10m + 2)", "decimal\t3.10"),
            example("characters and escapes", r#"@('\u0041')"#, "char\tA"),
            example("verbatim text", r#"@(@"a\b""c")"#, "string\ta\\\\b\"c"),
            example(
                "interpolation with alignment and format",
                r#"@($"{3.14159,8:F2}|{5:D3}")"#,
                "string\t    3.14|005",
            ),
            example(
                "interpolated verbatim text, both ways round",
                r#"@($@"\{1}" + @$"\{2}")"#,
                "string\t\\\\1\\\\2",
            ),
            example(
                "interpolation with format and arguments apart",
                r#"@{ FormattableString f = $"{1} and {2}"; return f.Format + FormattableString.Invariant(f); }"#,
                "string\t{0} and {1}1 and 2",
            ),
            example("comments", "@(1 /* one */ + 2)", "int\t3"),
        ],
    },
    Chapter {
        title: "Expressions",
        examples: &[
            example(
                "arithmetic wraps unless checked",
                "@{ int n = int.MaxValue; return n + 1; }",
                "int\t-2147483648",
            ),
            example(
                "`checked`",
                "@{ int n = int.MaxValue; return checked(n + 1); }",
                "throws OverflowException",
            ),
            example(
                "constants are always checked",
                "@(int.MaxValue + 1)",
                "compile CS0220",
            ),
            example(
                "shifts, bits, logic",
                "@((1 << 33) + (6 & 3 | 8 ^ 1))",
                "int\t13",
            ),
            example(
                "conditional, coalescing",
                r#"@((string)null ?? (1 > 2 ? "a" : "b"))"#,
                "string\tb",
            ),
            example(
                "null-conditional",
                "@(((string)null)?.Length)",
                "int?\t<null>",
            ),
            example(
                "`throw` as an expression",
                r#"@((string)null ?? throw new ArgumentException("none"))"#,
                "throws ArgumentException",
            ),
            example(
                "casts unbox exactly",
                "@((long)(object)5)",
                "throws InvalidCastException",
            ),
            example(
                "`is` with patterns, `as`",
                r#"@((object)"abc" is string s && s.Length == 3)"#,
                "bool\tTrue",
            ),
            example(
                "`typeof`, `nameof`, `default`, `sizeof`",
                "@(typeof(int).Name + nameof(context.Request) + default(int) + sizeof(long))",
                "string\tInt32Request08",
            ),
            example(
                "`typeof` of a generic type without arguments, `global::`",
                "@(typeof(global::System.Collections.Generic.Dictionary<,>).Name)",
                "string\tDictionary`2",
            ),
            example(
                "tuples, their equality, deconstruction",
                "@{ var (a, b) = (1, 2); (a, b) = (b, a); return (a, b) == (2, 1); }",
                "bool\tTrue",
            ),
            example(
                "anonymous types",
                r#"@(new { Name = "x", N = 1 }.Name)"#,
                "string\tx",
            ),
            example(
                "object and collection initialisers",
                r#"@(new Dictionary<string, int> { { "a", 1 }, { "b", 2 } }.Count)"#,
                "int\t2",
            ),
            example(
                "indexed initialisers",
                r#"@(new JObject { ["a"] = 1 })"#,
                "JObject\t{\"a\":1}",
            ),
            example(
                "arrays: implicit, jagged, two dimensions",
                "@(new[] { new[] { 1, 2 }, new[] { 3 } }[0][1] + new int[2, 3].Length)",
                "int\t8",
            ),
            example(
                "lambdas and delegates",
                "@(((Func<int, int>)(x => x * 2))(21))",
                "int\t42",
            ),
            example(
                "anonymous methods",
                "@{ Func<int, int> f = delegate (int x) { return x + 1; }; return f(1); }",
                "int\t2",
            ),
            example(
                "method groups",
                r#"@("a1b2".Where(char.IsDigit).Count())"#,
                "int\t2",
            ),
            example(
                "named, optional and `out` arguments",
                r#"@(int.TryParse("5", out var n) ? n : 0)"#,
                "int\t5",
            ),
            example(
                "LINQ methods, lazy",
                "@(new[] { 3, 1, 2 }.Where(x => x > 1).OrderBy(x => x))",
                "IOrderedEnumerable<int>\t[2, 3]",
            ),
            example(
                "query syntax",
                "@(from x in new[] { 1, 2, 3 } let y = x * x where y > 1 orderby y descending select y)",
                "IEnumerable<int>\t[9, 4]",
            ),
            example(
                "grouping and joining",
                r#"@((from x in new[] { "a", "bb", "cc" } group x by x.Length into g select g.Key + ":" + g.Count()).Last())"#,
                "string\t2:2",
            ),
            example(
                "`dynamic`",
                r#"@{ dynamic d = JObject.Parse("{'a': {'b': 5}}"); return (int)d.a.b; }"#,
                "int\t5",
            ),
            example(
                "nullable value types lift operators",
                "@{ int? n = null; return n + 1 == null && !(n > 0); }",
                "bool\tTrue",
            ),
        ],
    },
    Chapter {
        title: "Statements",
        examples: &[
            example(
                "locals, constants",
                r#"@{ const int n = 2; var s = "a"; return s + n; }"#,
                "string\ta2",
            ),
            example(
                "`if`, `for`, `while`, `do`",
                r#"@{ int n = 0; for (int i = 0; i < 3; i++) n += i; while (n < 5) n++; do n--; while (n > 4); if (n == 4) return "four"; return ""; }"#,
                "string\tfour",
            ),
            example(
                "`foreach`, also with deconstruction",
                r#"@{ var s = ""; foreach (var (k, v) in new Dictionary<string, int> { { "a", 1 } }) s += k + v; return s; }"#,
                "string\ta1",
            ),
            example(
                "`switch` with patterns and `when`",
                r#"@{ object o = 5; switch (o) { case null: return "none"; case int n when n > 3: return "big"; default: return "other"; } }"#,
                "string\tbig",
            ),
            example(
                "`goto case`, `goto default`",
                r#"@{ switch (1) { case 1: goto case 2; case 2: goto default; default: return "end"; } }"#,
                "string\tend",
            ),
            example(
                "exceptions with filters",
                r#"@{ try { int.Parse("x"); return ""; } catch (FormatException e) when (e.Message != "") { return "bad"; } finally { } }"#,
                "string\tbad",
            ),
            example(
                "`using`",
                r#"@{ using (var r = new StringReader("a\nb")) { return r.ReadLine(); } }"#,
                "string\ta",
            ),
            example(
                "local functions, recursive and generic",
                "@{ int F(int n) => n < 2 ? 1 : n * F(n - 1); T Id<T>(T x) { return x; } return Id(F(5)); }",
                "int\t120",
            ),
            example(
                "`checked` and `unchecked` blocks",
                "@{ int n = 255; unchecked { return (byte)(n + 1); } }",
                "byte\t0",
            ),
            example(
                "`ref` parameters",
                "@{ void Next(ref int n) { n++; } int x = 1; Next(ref x); return x; }",
                "int\t2",
            ),
            example(
                "`lock` runs its body",
                "@{ lock (context) { return 1; } }",
                "int\t1",
            ),
        ],
    },
    Chapter {
        title: "Checks",
        examples: &[
            example("unknown members", r#"@("a".Lenght)"#, "compile CS1061"),
            example("unknown names", "@(nothing)", "compile CS0103"),
            example(
                "use before assignment",
                "@{ int x; return x; }",
                "compile CS0165",
            ),
            example(
                "a path without a value",
                "@{ if (context.Request == null) return 1; }",
                "compile CS0161",
            ),
            example(
                "no implicit narrowing",
                "@{ int n = 5L; return n; }",
                "compile CS0266",
            ),
            example(
                "names declared twice",
                "@{ var x = 1; { var x = 2; } return x; }",
                "compile CS0136",
            ),
        ],
    },
    Chapter {
        title: "Not in the language",
        examples: &[
            example(
                "`await`, tasks, threads",
                "@(Task.Run(() => 1))",
                "compile CS0103",
            ),
            example("labels", "@{ goto a; a: return 1; }", "compile CS1525"),
            example(
                "iterators",
                "@{ IEnumerable<int> F() { yield return 1; } return F(); }",
                "compile CS1002",
            ),
            example(
                "types of one's own",
                "@{ class A { } return 1; }",
                "compile CS1525",
            ),
            example(
                "C# 8 and later, such as indices from the end",
                r#"@("abc"[^1])"#,
                "compile CS1525",
            ),
            example(
                "`switch` expressions",
                "@(1 switch { 1 => 2, _ => 3 })",
                "compile CS1026",
            ),
            example(
                "reflection beyond names",
                "@(typeof(string).Assembly)",
                "compile CS1061",
            ),
            example(
                "files, network, environment",
                r#"@(System.IO.File.ReadAllText("x"))"#,
                "compile CS0234",
            ),
        ],
    },
];
