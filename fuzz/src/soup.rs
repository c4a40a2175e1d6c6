//! Token soup: C# tokens and names of the library in any order, mostly with brackets that match.

use std::sync::OnceLock;

use tidegate_expressions::types::Registry;

use crate::Choices;

const TOKENS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    ",",
    ";",
    ":",
    "?",
    "?.",
    "??",
    "??=",
    "=>",
    "=",
    "==",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "<<",
    ">>",
    "+",
    "-",
    "*",
    "/",
    "%",
    "&",
    "|",
    "^",
    "!",
    "~",
    "&&",
    "||",
    "++",
    "--",
    "+=",
    "-=",
    "<<=",
    ">>=",
    "%=",
    "x",
    "y",
    "z",
    "T",
    "_",
    "@class",
    "1",
    "0",
    "2.5",
    "1e400",
    "0x7fffffff",
    "0b1_0",
    "9223372036854775808",
    "1m",
    "1f",
    "1UL",
    "'c'",
    "'\\u0000'",
    "\"a\"",
    "\"\\uD800\"",
    "@\"v\"\"\"",
    "$\"{x}\"",
    "$\"{x,5:N2}{{\"",
    "$@\"{x}\"",
    "\"",
    "'",
    "$\"",
    "@",
    "$",
    "\\",
    "//",
    "/*",
    "*/",
    "\n",
    "#if",
    "true",
    "false",
    "null",
    "default",
    "var",
    "int",
    "string",
    "object",
    "bool",
    "double",
    "decimal",
    "long",
    "char",
    "byte",
    "dynamic",
    "void",
    "new",
    "return",
    "if",
    "else",
    "for",
    "foreach",
    "in",
    "while",
    "do",
    "switch",
    "case",
    "break",
    "continue",
    "try",
    "catch",
    "finally",
    "throw",
    "is",
    "as",
    "typeof",
    "nameof",
    "sizeof",
    "checked",
    "unchecked",
    "const",
    "using",
    "lock",
    "out",
    "ref",
    "params",
    "when",
    "goto",
    "delegate",
    "from",
    "where",
    "let",
    "orderby",
    "ascending",
    "descending",
    "join",
    "on",
    "equals",
    "into",
    "group",
    "by",
    "select",
    "async",
    "await",
    "yield",
    "stackalloc",
    "unsafe",
    "class",
    "struct",
    "static",
    "readonly",
    "this",
    "base",
    "List<int>",
    "Dictionary<string, int>",
    "int?",
    "int[]",
    "int[,]",
    "(int a, int b)",
    "Func<int, int>",
    "context",
    "Request",
    "Response",
    "Variables",
    "Headers",
    "Body",
    "As<JObject>()",
    "x => x",
    "(x, y) => x",
    "F(",
    "int F(int n) => n;",
    "foreach (var e in new[] { 1 })",
    "switch (x) { case 1: break; default: break; }",
    "return 1;",
    "var x = 1;",
    "var (a, b) = (1, 2);",
    "new { a = 1 }",
    "new[] { 1, 2 }",
    "x is int n",
    "x is null",
    "é",
    "\u{1d4d0}",
    "\u{feff}",
    "\u{0}",
];

/// Names of the library's types and members.
fn names() -> &'static [&'static str] {
    static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names: Vec<&str> = Registry::get()
            .defs()
            .iter()
            .flat_map(|def| {
                std::iter::once(&*def.name).chain(def.members().iter().map(|member| &*member.name))
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    })
}

/// Source text out of the choices left, without the brackets around it.
pub fn soup(choices: &mut Choices<'_>) -> String {
    let mut out = String::new();
    let mut open = Vec::new();
    while !choices.is_empty() && out.len() < 10_000 {
        let token = match choices.byte() {
            250..=255 => {
                let count = choices.below(6);
                out.push_str(&choices.text(count));
                continue;
            }
            200..=249 => choices.pick(names()).copied().unwrap_or_default(),
            190..=199 => open.pop().unwrap_or(")"),
            at => TOKENS
                .get(usize::from(at) % TOKENS.len())
                .copied()
                .unwrap_or_default(),
        };
        match token.chars().last() {
            Some('(') => open.push(")"),
            Some('[') => open.push("]"),
            Some('{') => open.push("}"),
            _ => {}
        }
        out.push_str(token);
        if choices.one_in(2) {
            out.push(' ');
        }
    }
    while let Some(close) = open.pop() {
        out.push_str(close);
    }
    out
}
