//! Random uses of the language: operators over mixed types, conversions, patterns, interpolation, queries, lambdas,
//! statements. Types are tracked roughly only, so that a share does not compile.

use crate::values::Generator;

const NUMERIC: &[&str] = &[
    "int", "long", "uint", "ulong", "short", "ushort", "byte", "sbyte", "double", "float",
    "decimal", "char",
];
const INTEGRAL: &[&str] = &[
    "int", "long", "uint", "ulong", "short", "ushort", "byte", "sbyte", "char",
];

/// A variable of a block: name, type.
type Variable = (String, &'static str);

/// What kinds of construct there are; the name groups disagreements.
pub const KINDS: &[&str] = &[
    "arithmetic",
    "nullable",
    "comparison",
    "cast",
    "checked",
    "string",
    "interpolation",
    "pattern",
    "query",
    "linq",
    "lambda",
    "loop",
    "switch",
    "exception",
    "tuple",
    "local function",
    "dynamic",
    "assignment",
    "conditional",
    "json",
    "object",
    "constant",
];

impl Generator {
    /// An expression about the language, and the kind of construct it is about.
    pub fn language(&mut self) -> (&'static str, String) {
        let kind = KINDS[self.rng.usize(0..KINDS.len())];
        let text = match kind {
            "arithmetic" => self.arithmetic(),
            "nullable" => self.nullable(),
            "comparison" => self.comparison(),
            "cast" => self.cast(),
            "checked" => self.checked(),
            "string" => self.string(),
            "interpolation" => self.interpolation(),
            "pattern" => self.pattern(),
            "query" => self.query(),
            "linq" => self.linq(),
            "lambda" => self.lambdas(),
            "loop" => self.loops(),
            "switch" => self.switch(),
            "exception" => self.exception(),
            "tuple" => self.tuple(),
            "local function" => self.local_function(),
            "dynamic" => self.dynamic(),
            "assignment" => self.assignment(),
            "conditional" => self.conditional(),
            "json" => self.json(),
            "object" => self.objects(),
            _ => self.constant(),
        };
        (kind, text)
    }

    fn of(&mut self, ty: &str) -> String {
        match crate::pool::values(ty) {
            Some(texts) => self.pick(texts).to_owned(),
            None => "null".to_owned(),
        }
    }

    fn small(&mut self) -> String {
        self.rng.i32(-3..10).to_string()
    }

    /// Declarations of some variables.
    fn variables(&mut self, types: &[&'static str], count: usize) -> (String, Vec<Variable>) {
        let mut text = String::new();
        let mut variables = Vec::new();
        for _ in 0..count {
            let ty = self.pick(types);
            let ty: &'static str = types.iter().find(|t| **t == ty).copied().unwrap_or("int");
            let name = self.fresh(&ty[..1]);
            let value = self.of(ty);
            text.push_str(&format!("{ty} {name} = {value}; "));
            variables.push((name, ty));
        }
        (text, variables)
    }

    fn leaf(&mut self, variables: &[Variable]) -> String {
        if variables.is_empty() || self.chance(1, 6) {
            return match self.rng.u32(0..6) {
                0..3 => self.rng.i32(0..20).to_string(),
                3 => self.of("int"),
                4 => format!("'{}'", self.rng.alphabetic()),
                _ => self.rng.u32(0..300).to_string(),
            };
        }
        variables[self.rng.usize(0..variables.len())].0.clone()
    }

    fn number(&mut self, variables: &[Variable], depth: usize) -> String {
        if depth == 0 {
            return self.leaf(variables);
        }
        match self.rng.u32(0..14) {
            0 => format!("-{}", self.operand(variables, depth - 1)),
            1 => format!("~{}", self.operand(variables, depth - 1)),
            2 => format!("+{}", self.operand(variables, depth - 1)),
            3 => {
                let ty = self.pick(NUMERIC);
                format!("({ty}){}", self.operand(variables, depth - 1))
            }
            4 => {
                let op = self.pick(&["<<", ">>"]);
                format!(
                    "({} {op} {})",
                    self.operand(variables, depth - 1),
                    self.small()
                )
            }
            5 => {
                let op = self.pick(&["&", "|", "^"]);
                format!(
                    "({} {op} {})",
                    self.operand(variables, depth - 1),
                    self.operand(variables, depth - 1)
                )
            }
            _ => {
                let op = self.pick(&["+", "-", "*", "/", "%", "+", "-", "*"]);
                format!(
                    "({} {op} {})",
                    self.operand(variables, depth - 1),
                    self.operand(variables, depth - 1)
                )
            }
        }
    }

    fn operand(&mut self, variables: &[Variable], depth: usize) -> String {
        let text = self.number(variables, depth);
        if text.starts_with('(') && text.ends_with(')') || text.chars().all(char::is_alphanumeric) {
            text
        } else {
            format!("({text})")
        }
    }

    fn condition(&mut self, variables: &[Variable], depth: usize) -> String {
        if depth > 0 && self.chance(1, 2) {
            let op = self.pick(&["&&", "||", "&", "|", "^", "==", "!="]);
            return format!(
                "({} {op} {})",
                self.condition(variables, depth - 1),
                self.condition(variables, depth - 1)
            );
        }
        let op = self.pick(&["<", ">", "<=", ">=", "==", "!="]);
        let text = format!(
            "({} {op} {})",
            self.operand(variables, 1),
            self.operand(variables, 1)
        );
        if self.chance(1, 5) {
            format!("!{text}")
        } else {
            text
        }
    }

    fn arithmetic(&mut self) -> String {
        let mut types: Vec<&'static str> = Vec::new();
        for _ in 0..2 {
            let i = self.rng.usize(0..NUMERIC.len());
            types.push(NUMERIC[i]);
        }
        let count = self.rng.usize(1..4);
        let (text, variables) = self.variables(&types, count);
        let depth = self.rng.usize(1..4);
        let value = self.number(&variables, depth);
        format!("@{{ {text}return {value}; }}")
    }

    fn nullable(&mut self) -> String {
        const TYPES: &[&str] = &[
            "int", "long", "double", "bool", "decimal", "byte", "char", "DateTime", "TimeSpan",
            "float", "uint",
        ];
        let ty = self.pick(TYPES);
        let other = if self.chance(2, 3) {
            ty
        } else {
            self.pick(TYPES)
        };
        let a = if self.chance(1, 3) {
            "null".to_owned()
        } else {
            self.of(ty)
        };
        let b = if self.chance(1, 3) {
            "null".to_owned()
        } else {
            self.of(other)
        };
        let op = self.pick(&[
            "+", "-", "*", "/", "%", "<", ">", "<=", ">=", "==", "!=", "&", "|", "^", "??", "<<",
        ]);
        let value = match self.rng.u32(0..7) {
            0 => format!("a {op} b"),
            1 => format!("a {op} b"),
            2 => format!("(a {op} b) == null"),
            3 => "a?.ToString() ?? \"none\"".to_owned(),
            4 => "a.HasValue ? (object)a.Value : b.GetValueOrDefault()".to_owned(),
            5 => format!("({other}?)a"),
            _ => format!("({other})a"),
        };
        format!("@{{ {ty}? a = {a}; {other}? b = {b}; return {value}; }}")
    }

    fn comparison(&mut self) -> String {
        let i = self.rng.usize(0..NUMERIC.len());
        let j = self.rng.usize(0..NUMERIC.len());
        let (text, variables) = self.variables(&[NUMERIC[i], NUMERIC[j]], 2);
        let value = self.condition(&variables, 2);
        format!("@{{ {text}return {value}; }}")
    }

    fn cast(&mut self) -> String {
        const TYPES: &[&str] = &[
            "int", "long", "uint", "ulong", "short", "ushort", "byte", "sbyte", "double", "float",
            "decimal", "char", "string", "bool", "object", "DateTime", "TimeSpan", "Guid",
            "JToken",
        ];
        let from = if self.chance(4, 5) {
            self.pick(NUMERIC)
        } else {
            self.pick(TYPES)
        };
        let to = if self.chance(4, 5) {
            self.pick(NUMERIC)
        } else {
            self.pick(TYPES)
        };
        let value = self.of(from);
        match self.rng.u32(0..6) {
            0 | 1 => format!("@{{ {from} a = {value}; return ({to})a; }}"),
            2 => format!("@{{ {from} a = {value}; {to} b = a; return b; }}"),
            3 => format!("@{{ object a = {value}; return ({to})a; }}"),
            4 => format!(
                "@{{ object a = {value}; return a as {to}{}; }}",
                if to == "string" || to == "object" || to == "JToken" {
                    ""
                } else {
                    "?"
                }
            ),
            _ => format!("@(({to})({value}))"),
        }
    }

    fn checked(&mut self) -> String {
        let i = self.rng.usize(0..NUMERIC.len());
        let (text, variables) = self.variables(&[NUMERIC[i], "int"], 2);
        let value = self.number(&variables, 2);
        match self.rng.u32(0..4) {
            0 => format!("@{{ {text}return checked({value}); }}"),
            1 => format!("@{{ {text}checked {{ return {value}; }} }}"),
            2 => format!("@{{ {text}return unchecked({value}); }}"),
            _ => {
                let ty = INTEGRAL[self.rng.usize(0..INTEGRAL.len())];
                format!("@{{ {text}{ty} r = checked(({ty})({value})); r++; return r; }}")
            }
        }
    }

    fn constant(&mut self) -> String {
        let depth = self.rng.usize(1..4);
        let value = self.number(&[], depth);
        match self.rng.u32(0..4) {
            0 => {
                let ty = self.pick(NUMERIC);
                format!("@{{ const {ty} c = {value}; return c; }}")
            }
            1 => {
                let ty = self.pick(NUMERIC);
                format!("@{{ {ty} c = {value}; return c; }}")
            }
            2 => format!(
                "@({} ? {value} : {})",
                self.condition(&[], 1),
                self.number(&[], 1)
            ),
            _ => format!("@({value})"),
        }
    }

    fn anything(&mut self) -> String {
        let ty = self.pick(&[
            "int", "double", "string", "bool", "char", "decimal", "long", "DateTime", "TimeSpan",
            "float", "JValue", "object", "Guid", "byte",
        ]);
        let value = self.of(ty);
        crate::values::wrap(&value)
    }

    fn string(&mut self) -> String {
        let count = self.rng.usize(2..5);
        let mut parts: Vec<String> = (0..count).map(|_| self.anything()).collect();
        let at = self.rng.usize(0..parts.len());
        parts[at] = self.of("string");
        if self.chance(1, 6) {
            parts.push("null".to_owned());
        }
        match self.rng.u32(0..4) {
            0 => format!(
                "@{{ string s = {}; s += {}; return s + {}; }}",
                self.of("string"),
                self.anything(),
                self.anything()
            ),
            1 => {
                let s = self.of("string");
                format!("@{{ var s = {s}; return s[{}] + s.Length; }}", self.small())
            }
            _ => format!("@({})", parts.join(" + ")),
        }
    }

    fn interpolation(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.rng.usize(1..4) {
            text.push_str(self.pick(&["", "a", "{{", "}}", " ", "\\t", "é", "|"]));
            let (ty, format) = match self.rng.u32(0..6) {
                0 => (
                    "int",
                    self.pick(&["", ":D3", ":X", ":N0", ":0.0", ":00", ":C"]),
                ),
                1 => (
                    "double",
                    self.pick(&["", ":F2", ":E1", ":0.##", ":P0", ":R", ":G3", ":#,##0.0"]),
                ),
                2 => (
                    "DateTime",
                    self.pick(&["", ":yyyy-MM-dd", ":o", ":HH\\\\:mm", ":r", ":ddd d MMM"]),
                ),
                3 => ("decimal", self.pick(&["", ":F1", ":0.00", ":N", ":G"])),
                4 => ("TimeSpan", self.pick(&["", ":c", ":g", ":hh\\\\:mm"])),
                _ => ("string", ""),
            };
            let align = self.pick(&["", "", ",5", ",-6", ",12"]);
            let value = self.of(ty);
            text.push_str(&format!("{{({value}){align}{format}}}"));
        }
        format!("@($\"{text}\")")
    }

    fn pattern(&mut self) -> String {
        let value = self.of("object");
        let ty = self.pick(&[
            "int",
            "string",
            "double",
            "bool",
            "char",
            "long",
            "decimal",
            "int[]",
            "DayOfWeek",
            "DateTime",
            "JValue",
            "JToken",
            "object",
            "IEnumerable<int>",
            "IEnumerable<object>",
            "IComparable",
            "byte",
            "List<string>",
        ]);
        match self.rng.u32(0..8) {
            0 => format!("@{{ object o = {value}; return o is {ty}; }}"),
            1 => format!("@{{ object o = {value}; return o is {ty} x ? \"yes \" + x : \"no\"; }}"),
            2 => format!("@{{ object o = {value}; if (!(o is {ty} x)) return \"no\"; return x; }}"),
            3 => {
                let constant = self.pick(&[
                    "null",
                    "1",
                    "\"a\"",
                    "true",
                    "'c'",
                    "2L",
                    "1.5",
                    "1.50m",
                    "DayOfWeek.Friday",
                ]);
                format!("@{{ object o = {value}; return o is {constant}; }}")
            }
            4 => format!("@{{ object o = {value}; return o is var x && x != null; }}"),
            5 => format!(
                "@{{ object o = {value}; return o as {ty}{} == null; }}",
                if ty.starts_with(char::is_lowercase)
                    && !matches!(ty, "string" | "object" | "int[]")
                    || matches!(ty, "DayOfWeek" | "DateTime")
                {
                    "?"
                } else {
                    ""
                }
            ),
            6 => format!(
                "@{{ int? n = {}; return n is int x ? x : -1; }}",
                if self.chance(1, 2) {
                    "null".to_owned()
                } else {
                    self.small()
                }
            ),
            _ => format!(
                "@{{ object o = {value}; return (o is {ty} x && x.ToString().Length > 1) || o is null; }}"
            ),
        }
    }

    fn ints(&mut self) -> String {
        let count = self.rng.usize(0..7);
        let items: Vec<String> = (0..count).map(|_| self.small()).collect();
        format!("new int[] {{ {} }}", items.join(", "))
    }

    fn strings(&mut self) -> String {
        let count = self.rng.usize(0..6);
        let items: Vec<String> = (0..count)
            .map(|_| {
                self.pick(&[
                    "\"a\"",
                    "\"B\"",
                    "\"b\"",
                    "\"A\"",
                    "\"abc\"",
                    "\"\"",
                    "\"é\"",
                    "\"a-b\"",
                    "\"z9\"",
                    "\"Item10\"",
                    "\"item2\"",
                    "(string)null",
                ])
                .to_owned()
            })
            .collect();
        format!("new string[] {{ {} }}", items.join(", "))
    }

    fn query(&mut self) -> String {
        let (a, b, s) = (self.ints(), self.ints(), self.strings());
        let n = self.small();
        let op = self.pick(&["<", ">", "!=", "=="]);
        let direction = self.pick(&["", " descending", " ascending"]);
        let text = match self.rng.u32(0..11) {
            0 => format!("from x in {a} where x {op} {n} select x * {n}"),
            1 => format!("from x in {a} from y in {b} where x {op} y select x + \"-\" + y"),
            2 => format!("from x in {a} orderby x % 3{direction}, x select x"),
            3 => format!("from x in {a} let y = x * x where y {op} {n} select new {{ x, y }}"),
            4 => format!("from x in {a} join y in {b} on x equals y select x * y"),
            5 => format!(
                "from x in {a} join y in {b} on x % 2 equals y % 2 into g select x + \":\" + g.Count()"
            ),
            6 => format!(
                "from x in {a} group x by x % 3 into g orderby g.Key{direction} select g.Key + \"=\" + g.Sum()"
            ),
            7 => format!("from s in {s} where s != null orderby s.Length{direction}, s select s"),
            8 => format!("from s in {s} group s by s into g select (g.Key, g.Count())"),
            9 => format!("from x in {a} select x into y where y {op} {n} select y + {n}"),
            _ => format!(
                "from object x in new object[] {{ 1, \"a\" }} from int y in {a} select x + \"\" + y"
            ),
        };
        if self.chance(1, 4) {
            format!("@(({text}).ToList().Count)")
        } else {
            format!("@({text})")
        }
    }

    fn linq(&mut self) -> String {
        let numbers = self.chance(1, 2);
        let mut text = if numbers { self.ints() } else { self.strings() };
        let x = self.fresh("x");
        let n = self.small();
        for _ in 0..self.rng.usize(1..4) {
            let next = if numbers {
                match self.rng.u32(0..16) {
                    0 => format!("Where({x} => {x} > {n})"),
                    1 => format!("Select({x} => {x} * {n})"),
                    2 => format!("OrderBy({x} => {x} % 3)"),
                    3 => format!("OrderByDescending({x} => {x}).ThenBy({x} => {x})"),
                    4 => format!("Skip({n})"),
                    5 => format!("Take({n})"),
                    6 => "Distinct()".to_owned(),
                    7 => "Reverse()".to_owned(),
                    8 => format!("Concat({})", self.ints()),
                    9 => format!("TakeWhile({x} => {x} < {n})"),
                    10 => format!("SkipWhile({x} => {x} < {n})"),
                    11 => format!("Except({})", self.ints()),
                    12 => format!("Zip({}, (a, b) => a - b)", self.ints()),
                    13 => format!("SelectMany({x} => new[] {{ {x}, {n} }})"),
                    14 => format!("Append({n})"),
                    _ => format!("Select(({x}, i) => {x} / i)"),
                }
            } else {
                match self.rng.u32(0..10) {
                    0 => format!("Where({x} => {x}.Length > 0)"),
                    1 => format!("Select({x} => {x}?.ToUpper())"),
                    2 => format!("OrderBy({x} => {x})"),
                    3 => format!("OrderBy({x} => {x}, StringComparer.Ordinal)"),
                    4 => "Distinct()".to_owned(),
                    5 => format!("Where({x} => !string.IsNullOrEmpty({x}))"),
                    6 => format!("OrderByDescending({x} => {x}?.Length)"),
                    7 => format!("Union({})", self.strings()),
                    8 => format!("DefaultIfEmpty(\"d\").Skip({n})"),
                    _ => "OfType<string>()".to_owned(),
                }
            };
            text = format!("{text}.{next}");
        }
        let last = match self.rng.u32(0..14) {
            0 => ".Count()".to_owned(),
            1 => ".First()".to_owned(),
            2 => ".LastOrDefault()".to_owned(),
            3 => ".Max()".to_owned(),
            4 if numbers => ".Sum()".to_owned(),
            5 if numbers => ".Average()".to_owned(),
            6 => ".ToList()".to_owned(),
            7 => ".ToArray()".to_owned(),
            8 => format!(
                ".Aggregate((a, b) => a + {})",
                if numbers { "b" } else { "\"|\" + b" }
            ),
            9 => format!(
                ".GroupBy({x} => {}).Select(g => g.Key + \":\" + g.Count())",
                if numbers {
                    format!("{x} % 2")
                } else {
                    format!("{x}?.Length")
                }
            ),
            10 => format!(".ToDictionary({x} => {x})"),
            11 => format!(".ElementAt({})", self.small()),
            12 => ".Min()".to_owned(),
            _ => String::new(),
        };
        format!("@({text}{last})")
    }

    fn lambdas(&mut self) -> String {
        let a = self.small();
        let b = self.small();
        match self.rng.u32(0..9) {
            0 => format!("@{{ Func<int, int> f = x => x * {a} + {b}; return f(f({b})); }}"),
            1 => format!("@{{ Func<int, Func<int, int>> f = x => y => x - y; return f({a})({b}); }}"),
            2 => format!("@{{ var n = {a}; Func<int> f = () => n++; f(); n += {b}; return f() + \",\" + n; }}"),
            3 => "@{ var l = new List<Func<int>>(); for (int i = 0; i < 3; i++) l.Add(() => i); return l.Select(f => f()).Sum(); }".to_owned(),
            4 => format!("@{{ Func<string, int> f = int.Parse; return {}.Select(s => {{ try {{ return f(s); }} catch (FormatException) {{ return -1; }} catch (ArgumentNullException) {{ return -2; }} }}).ToList(); }}", self.strings()),
            5 => format!("@{{ Action<int> g = null; int t = 0; g += x => t += x; g += x => t *= {a}; g({b}); return t; }}"),
            6 => format!("@{{ Func<int, int, int> f = (x, y) => {{ if (x > y) return x / y; return x * y; }}; return f({a}, {b}); }}"),
            7 => format!("@{{ Predicate<int> p = delegate (int x) {{ return x > {a}; }}; return Array.FindAll({}, p); }}", self.ints()),
            _ => format!("@{{ Func<object, string> f = o => o == null ? \"null\" : o.GetType().Name; return f({}); }}", self.of("object")),
        }
    }

    fn loops(&mut self) -> String {
        let a = self.ints();
        let n = self.small();
        let op = self.pick(&["+=", "-=", "*=", "^=", "|=", "%="]);
        match self.rng.u32(0..8) {
            0 => format!(
                "@{{ int t = 1; foreach (var x in {a}) {{ if (x == {n}) continue; t {op} x; if (t > 100) break; }} return t; }}"
            ),
            1 => format!(
                "@{{ var s = \"\"; for (int i = {n}, j = 10; i < j; i += 2, j--) s += i + \":\" + j + \" \"; return s; }}"
            ),
            2 => format!(
                "@{{ int i = {n}; do {{ i++; if (i % 4 == 0) break; }} while (i < 10); return i; }}"
            ),
            3 => format!(
                "@{{ int i = 0; while (true) {{ i++; if (i == 2) continue; if (i > {n}) return i; }} }}"
            ),
            4 => format!(
                "@{{ var l = new List<int>({a}); foreach (var x in l) l.{}; return l; }}",
                self.pick(&["Add(x)", "Remove(x)", "ToString()", "Clear()"])
            ),
            5 => format!("@{{ long t = 0; foreach (long x in {a}) t {op} x; return t; }}"),
            6 => format!(
                "@{{ var d = new Dictionary<int,string>(); foreach (var x in {a}) d[x] = x + \"!\"; var s = \"\"; foreach (var (k, v) in d) s += k + v; return s; }}"
            ),
            _ => format!(
                "@{{ var s = new StringBuilder(); foreach (char c in {}) {{ if (char.IsLetter(c)) s.Insert(0, c); else s.Append((int)c); }} return s.ToString(); }}",
                self.of("string")
            ),
        }
    }

    fn switch(&mut self) -> String {
        let value = self.of("object");
        let n = self.small();
        match self.rng.u32(0..5) {
            0 => format!("@{{ switch ({n}) {{ case 1: case 2: return \"low\"; case 3: goto default; default: return \"other\"; }} }}").replace("goto default", "break").replace("} }", "} return \"end\"; }"),
            1 => format!("@{{ object o = {value}; switch (o) {{ case null: return \"null\"; case int i when i > 0: return \"pos \" + i; case int i: return \"int\"; case string s: return s.Length; case IEnumerable<int> e: return e.Sum(); default: return o.GetType().Name; }} }}"),
            2 => format!("@{{ switch ({}) {{ case \"a\": return 1; case \"abc\": {{ return 2; }} case null: return 3; default: return 4; }} }}", self.pick(&["\"a\"", "\"abc\"", "(string)null", "\"A\""])),
            3 => format!("@{{ int r = 0; switch ((DayOfWeek)({n})) {{ case DayOfWeek.Monday: r = 1; break; case DayOfWeek.Friday: case DayOfWeek.Saturday: r += 2; break; }} return r; }}"),
            _ => format!("@{{ char c = {}; switch (c) {{ case 'a': case 'b': return c + 1; case '0': return 'z'; default: return (int)c; }} }}", self.of("char")),
        }
    }

    fn exception(&mut self) -> String {
        let bad = self.pick(&[
            "int.Parse(\"x\")",
            "1 / z",
            "s.Length",
            "a[5]",
            "checked(int.MaxValue + z + 1)",
            "(int)(object)\"x\"",
            "new List<int>()[0]",
            "d[\"k\"]",
            "int.Parse(null)",
            "Convert.ToInt32(\"\")",
            "new int[0].First()",
            "z",
            "\"\".Substring(1).Length",
            "(int)JToken.Parse(\"{}\")",
            "int.Parse(\"99999999999\")",
            "DateTime.Parse(\"x\").Year",
            "new int[z - 1].Length",
        ]);
        let ty = self.pick(&[
            "Exception",
            "FormatException",
            "ArithmeticException",
            "NullReferenceException",
            "SystemException",
            "ArgumentException",
            "IndexOutOfRangeException",
            "InvalidOperationException",
            "KeyNotFoundException",
            "InvalidCastException",
            "OverflowException",
        ]);
        let shown = self.pick(&[
            "e.GetType().Name",
            "e.Message",
            "e is SystemException",
            "e.InnerException == null",
            "(e as ArgumentException)?.ParamName",
        ]);
        let head =
            "int z = 0; string s = null; var a = new int[2]; var d = new Dictionary<string,int>();";
        match self.rng.u32(0..6) {
            0 => format!(
                "@{{ {head} try {{ return {bad}; }} catch ({ty} e) {{ return {shown}; }} }}"
            ),
            1 => format!(
                "@{{ {head} var t = \"\"; try {{ try {{ t += {bad}; }} finally {{ t += \"f\"; }} }} catch ({ty} e) {{ t += {shown}; }} return t; }}"
            ),
            2 => format!(
                "@{{ {head} try {{ return {bad}; }} catch ({ty} e) when (e.Message.Length > 20) {{ return \"long\"; }} catch (Exception e) {{ return {shown}; }} }}"
            ),
            3 => format!(
                "@{{ {head} try {{ try {{ return {bad}; }} catch ({ty} e) {{ throw new InvalidOperationException(\"m\", e); }} }} catch (InvalidOperationException e) {{ return e.InnerException?.GetType().Name; }} }}"
            ),
            4 => format!("@{{ {head} try {{ return {bad}; }} catch ({ty}) {{ throw; }} }}"),
            _ => format!("@{{ {head} return s ?? (z == 0 ? throw new {ty}() : \"x\"); }}"),
        }
    }

    fn tuple(&mut self) -> String {
        let (a, b) = (self.anything(), self.anything());
        match self.rng.u32(0..7) {
            0 => format!("@(({a}, {b}))"),
            1 => format!("@{{ var t = (x: {a}, y: {b}); return t.x + \"\" + t.Item2; }}"),
            2 => format!("@{{ var (x, y) = ({a}, {b}); return y; }}"),
            3 => format!("@(({a}, 1) == ({b}, 1))"),
            4 => format!(
                "@{{ int x = {}, y = {}; (x, y) = (y, x + y); return x * y; }}",
                self.small(),
                self.small()
            ),
            5 => format!("@((({a}, {b}), 3).Item1.Item2)"),
            _ => format!("@(({a}, {b}).Equals(({a}, {b})))"),
        }
    }

    fn local_function(&mut self) -> String {
        let n = self.rng.i32(0..12);
        let a = self.small();
        match self.rng.u32(0..7) {
            0 => format!("@{{ int F(int n) => n < 2 ? n : F(n - 1) + F(n - 2); return F({n}); }}"),
            1 => format!(
                "@{{ int F(int a, int b = {a}, params int[] c) {{ return a * b + c.Length; }} return F({n}) + F({a}, 2) + F(1, 2, 3, 4); }}"
            ),
            2 => format!(
                "@{{ int t = 0; void Add(int x) {{ t += x; }} foreach (var i in {}) Add(i); return t; }}",
                self.ints()
            ),
            3 => format!(
                "@{{ bool Try(string s, out int v) {{ v = s.Length; return v > {a}; }} return Try({}, out var k) ? k : -k; }}",
                self.of("string")
            ),
            4 => format!("@{{ T Id<T>(T x) => x; return Id({}); }}", self.anything()),
            5 => format!(
                "@{{ void Swap(ref int x, ref int y) {{ var t = x; x = y; y = t; }} int a = {a}, b = {n}; Swap(ref a, ref b); return a - b; }}"
            ),
            _ => format!(
                "@{{ string F(object o, string s = \"d\") => s + o; return F(s: \"n\", o: {}) + F({a}); }}",
                self.anything()
            ),
        }
    }

    fn dynamic(&mut self) -> String {
        let a = self.anything();
        let b = self.anything();
        let op = self.pick(&["+", "-", "*", "/", "<", "==", "!=", ">=", "%", "&"]);
        match self.rng.u32(0..7) {
            0 | 1 => format!("@{{ dynamic a = {a}; dynamic b = {b}; return a {op} b; }}"),
            2 => format!("@{{ dynamic a = {a}; return a {op} {b}; }}"),
            3 => format!("@{{ dynamic a = {a}; return a.ToString(); }}"),
            4 => format!(
                "@{{ dynamic o = JObject.Parse(\"{{\\\"a\\\":{{\\\"b\\\":[1,\\\"x\\\"]}},\\\"n\\\":null,\\\"d\\\":1.5}}\"); return o{}; }}",
                self.pick(&[
                    ".a.b[0]",
                    ".a.b[1].ToString()",
                    ".n",
                    ".d + 1",
                    ".x",
                    ".x.y",
                    ".a.b.Count",
                    "[\"a\"]",
                    ".a.b[0] == 1",
                    ".d",
                    ".a.b[0] * 2",
                    "\n"
                ])
                .trim()
            ),
            5 => format!(
                "@{{ dynamic a = {a}; {} b = a; return b; }}",
                self.pick(NUMERIC)
            ),
            _ => format!(
                "@{{ dynamic a = {a}; return ({})a; }}",
                self.pick(&[
                    "int", "string", "double", "object", "long", "decimal", "bool"
                ])
            ),
        }
    }

    fn assignment(&mut self) -> String {
        let i = self.rng.usize(0..NUMERIC.len());
        let ty = NUMERIC[i];
        let value = self.of(ty);
        let j = self.rng.usize(0..NUMERIC.len());
        let other = self.of(NUMERIC[j]);
        let op = self.pick(&[
            "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "=",
        ]);
        match self.rng.u32(0..5) {
            0 | 1 => format!(
                "@{{ {ty} a = {value}; a {op} {}; return a; }}",
                crate::values::wrap(&other)
            ),
            2 => format!(
                "@{{ {ty} a = {value}; var b = {} + a; return b; }}",
                self.pick(&["a++", "++a", "a--", "--a", "-a", "+a", "~a"])
            ),
            3 => format!(
                "@{{ var a = new {ty}[] {{ {value}, {value} }}; int i = 0; a[i++] {op} {}; return a; }}",
                crate::values::wrap(&other)
            ),
            _ => format!(
                "@{{ {ty} a = {value}; {} b = {}; b {op} a; return b; }}",
                NUMERIC[j], other
            ),
        }
    }

    fn conditional(&mut self) -> String {
        let (a, b) = (self.anything(), self.anything());
        let c = self.condition(&[], 1);
        match self.rng.u32(0..6) {
            0 => format!("@{{ bool c = {c}; return c ? {a} : {b}; }}"),
            1 => format!("@{{ object x = {a}; return x ?? {b}; }}"),
            2 => format!(
                "@{{ string s = {}; return s?.Length > 2 ? s?.Substring(1) : s ?? \"null\"; }}",
                if self.chance(1, 3) {
                    "null".to_owned()
                } else {
                    self.of("string")
                }
            ),
            3 => format!(
                "@{{ var l = {} ? new List<string> {{ \"a\" }} : null; return l?[0]?.Length; }}",
                c
            ),
            4 => format!("@{{ bool c = {c}; return c ? (c ? {a} : null) : null; }}"),
            _ => format!(
                "@{{ int? n = {c} ? {} : (int?)null; return n ?? {}; }}",
                self.small(),
                self.anything()
            ),
        }
    }

    fn json(&mut self) -> String {
        let object = self.of("JObject");
        let token = self.of("JToken");
        let path = self.pick(&[
            "[\"a\"]",
            "[\"b\"]",
            "[\"b\"][0]",
            "[\"x\"]",
            "[0]",
            "?[\"a\"]",
            "[\"c\"][\"d\"]",
            "[\"a\"]?[\"b\"]",
            ".First",
            ".Parent",
            ".Type",
            ".Path",
            ".HasValues",
            ".Root",
            ".Next",
        ]);
        let ty = self.pick(&[
            "int",
            "string",
            "double",
            "bool",
            "long",
            "decimal",
            "int?",
            "DateTime",
            "byte[]",
            "JObject",
            "JArray",
            "char",
            "float",
            "TimeSpan",
            "Guid",
            "DateTimeOffset",
            "bool?",
            "uint",
            "short",
        ]);
        match self.rng.u32(0..9) {
            0 => format!("@(({object}){path})"),
            1 => format!("@(({ty})({token}))"),
            2 => format!("@(({token}).Value<{ty}>())"),
            3 => format!(
                "@{{ var o = {object}; o[\"a\"] = {}; o[\"z\"] = {token}; return o; }}",
                self.anything()
            ),
            4 => format!(
                "@{{ JToken t = {}; return t.Type + \" \" + t; }}",
                self.anything()
            ),
            5 => format!("@(({token}).ToString())"),
            6 => format!("@(JsonConvert.SerializeObject({}))", self.anything()),
            7 => format!("@(JToken.FromObject({}))", self.anything()),
            _ => format!("@(({token}){path})"),
        }
    }

    fn objects(&mut self) -> String {
        let (a, b) = (self.anything(), self.anything());
        let ty = self.pick(&[
            "int", "string", "double", "object", "char", "DateTime", "decimal",
        ]);
        match self.rng.u32(0..9) {
            0 => format!("@(new {{ A = {a}, B = {b} }})"),
            1 => format!(
                "@(new Dictionary<string, object> {{ {{ \"a\", {a} }}, {{ \"b\", {b} }} }}[\"a\"])"
            ),
            2 => format!("@(new[] {{ {a}, {b} }})"),
            3 => format!("@(new List<{ty}> {{ {}, {} }})", self.of(ty), self.of(ty)),
            4 => format!("@(object.Equals({a}, {b}))"),
            5 => format!("@({a}.Equals({b}))"),
            6 => format!("@{{ object x = {a}; object y = {a}; return x == y; }}"),
            7 => format!("@(typeof({ty}).FullName + {a}.GetType().Name)"),
            _ => format!("@(default({ty}))"),
        }
    }
}
