//! The parser's machinery: token cursor, speculation, recovery; the grammar is in the neighbouring files.

use std::sync::Arc;

use super::ast::{Expr, ExprKind, GLOBAL, Ident, Source};
use super::lexer::{Lexer, Tok, Token};
use crate::diagnostic::{Diagnostics, Span};

/// Nesting of brackets, operators and statements that is still accepted.
pub(super) const DEEPEST: usize = 200;

/// Parses a whole policy expression, `@(…)` or `@{…}`, white space around it allowed.
#[must_use]
pub fn parse(source: &str) -> (Option<Source>, Diagnostics) {
    let trimmed = source.trim();
    let start = source.len() - source.trim_start().len();
    let end = start + trimmed.len();
    let mut diagnostics = Diagnostics::default();
    let whole = Span::new(start, end);
    let block = if trimmed.starts_with("@(") && trimmed.ends_with(')') {
        false
    } else if trimmed.starts_with("@{") && trimmed.ends_with('}') {
        true
    } else {
        diagnostics.error_with_help(
            "TG0001",
            whole,
            "A policy expression is written @(expression) or @{ statements }",
            None,
        );
        return (None, diagnostics);
    };
    let mut lexer = Lexer::new(source, start + 2, end - 1);
    let tokens = lexer.tokens();
    let unterminated = lexer.unterminated.take();
    let mut parser = Parser::new(source, tokens, lexer.diagnostics);
    let close = Span::new(end - 1, end);
    let parsed = if block {
        let body = parser.statements_to_end();
        Source::Block(body, close)
    } else {
        let expr = parser.expression();
        if !parser.at_end() {
            let token = parser.current();
            match token.tok {
                Tok::Punct(";") => parser.diagnostics.error_with_help(
                    "CS1525",
                    token.span,
                    "Invalid expression term ';'",
                    Some(
                        "`@(…)` holds one expression without `;`; write statements in `@{ … }`"
                            .into(),
                    ),
                ),
                _ => {
                    let text = parser.text(token.span);
                    parser.diagnostics.error(
                        "CS1026",
                        token.span,
                        format!("Unexpected `{text}`: ) expected"),
                    );
                }
            }
        }
        Source::Expression(expr)
    };
    if let Some(unterminated) = unterminated {
        parser
            .diagnostics
            .keep_one(unterminated.start, unterminated.told);
    }
    let failed = parser.diagnostics.has_errors_since(0);
    (if failed { None } else { Some(parsed) }, parser.diagnostics)
}

/// A cursor over tokens.
pub(super) struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    at: usize,
    pub(super) diagnostics: Diagnostics,
    depth: usize,
    /// Numbers the parameters that carry several range variables of a query.
    pub(super) queries: usize,
}

/// A remembered position.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize, usize);

impl<'a> Parser<'a> {
    pub(super) fn new(source: &'a str, tokens: Vec<Token>, diagnostics: Diagnostics) -> Self {
        Self {
            source,
            tokens,
            at: 0,
            diagnostics,
            depth: 0,
            queries: 0,
        }
    }

    /// A parser of a token list inside this one's source: a hole of an interpolated string.
    pub(super) fn inner<T>(&mut self, tokens: Vec<Token>, parse: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.tokens, tokens);
        let at = std::mem::replace(&mut self.at, 0);
        let mark = self.mark();
        let result = parse(self);
        if !self.at_end() && self.clean_since(mark) {
            let span = self.current().span;
            let text = self.text(span).to_owned();
            self.diagnostics
                .error("CS1073", span, format!("Unexpected token '{text}'"));
        }
        // What else is wrong in a few words mostly follows from the first.
        self.diagnostics.truncate(mark.1 + 1);
        self.tokens = outer;
        self.at = at;
        result
    }

    pub(super) fn text(&self, span: Span) -> &'a str {
        self.source.get(span.range()).unwrap_or_default()
    }

    pub(super) fn current(&self) -> Token {
        self.peek_token(0)
    }

    pub(super) fn peek_token(&self, ahead: usize) -> Token {
        match self.tokens.get(self.at + ahead).or(self.tokens.last()) {
            Some(token) => token.clone(),
            None => Token {
                tok: Tok::End,
                span: Span::default(),
            },
        }
    }

    pub(super) fn at_end(&self) -> bool {
        matches!(
            self.tokens.get(self.at),
            None | Some(Token { tok: Tok::End, .. })
        )
    }

    pub(super) fn bump(&mut self) -> Token {
        let token = self.current();
        if !self.at_end() {
            self.at += 1;
        }
        token
    }

    /// Gives the last token back.
    pub(super) fn step_back(&mut self) {
        self.at = self.at.saturating_sub(1);
    }

    /// The end of the token before the current one.
    pub(super) fn last_end(&self) -> Span {
        let span = self
            .at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or_else(|| self.current().span, |token| token.span);
        Span {
            start: span.end,
            end: span.end,
        }
    }

    pub(super) fn last_span(&self) -> Span {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or_else(Span::default, |token| token.span)
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.at, self.diagnostics.len())
    }

    pub(super) fn reset(&mut self, mark: Mark) {
        self.at = mark.0;
        self.diagnostics.truncate(mark.1);
    }

    pub(super) fn clean_since(&self, mark: Mark) -> bool {
        self.diagnostics.len() == mark.1
    }

    pub(super) fn progressed(&self, mark: Mark) -> bool {
        self.at != mark.0
    }

    pub(super) fn is(&self, punct: &str) -> bool {
        self.is_ahead(0, punct)
    }

    pub(super) fn is_ahead(&self, ahead: usize, punct: &str) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(Token { tok: Tok::Punct(p), .. }) if *p == punct)
    }

    pub(super) fn eat(&mut self, punct: &str) -> bool {
        let found = self.is(punct);
        if found {
            self.at += 1;
        }
        found
    }

    pub(super) fn is_keyword(&self, word: &str) -> bool {
        self.is_keyword_ahead(0, word)
    }

    pub(super) fn is_keyword_ahead(&self, ahead: usize, word: &str) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(Token { tok: Tok::Keyword(k), .. }) if *k == word)
    }

    pub(super) fn eat_keyword(&mut self, word: &str) -> bool {
        let found = self.is_keyword(word);
        if found {
            self.at += 1;
        }
        found
    }

    /// Whether the current token is this identifier, as a contextual keyword.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.is_word_ahead(0, word)
    }

    pub(super) fn is_word_ahead(&self, ahead: usize, word: &str) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(Token { tok: Tok::Ident(name), .. }) if &**name == word)
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.at += 1;
        }
        found
    }

    pub(super) fn is_ident(&self, ahead: usize) -> bool {
        matches!(
            self.tokens.get(self.at + ahead),
            Some(Token {
                tok: Tok::Ident(_),
                ..
            })
        )
    }

    /// Whether the current and the next token stand side by side.
    pub(super) fn adjacent(&self) -> bool {
        match (self.tokens.get(self.at), self.tokens.get(self.at + 1)) {
            (Some(a), Some(b)) => a.span.end == b.span.start,
            _ => false,
        }
    }

    pub(super) fn expect(&mut self, punct: &str) -> Span {
        if self.is(punct) {
            return self.bump().span;
        }
        let code = match punct {
            ";" => "CS1002",
            ")" => "CS1026",
            "}" => "CS1513",
            "{" => "CS1514",
            _ => "CS1003",
        };
        let found = self.current();
        let place = if punct == ";" || matches!(found.tok, Tok::End) {
            self.last_end()
        } else {
            found.span
        };
        self.diagnostics
            .error(code, place, format!("{punct} expected"));
        place
    }

    /// A simple name; `global::Name` is one that begins with [`GLOBAL`].
    pub(super) fn name_with_alias(&mut self) -> Ident {
        let alias = self.ident();
        if !self.is("::") {
            return alias;
        }
        if &*alias.name != "global" {
            let message = format!("Alias '{}' not found", alias.name);
            self.diagnostics.error("CS0432", alias.span, message);
        }
        self.bump();
        let name = self.ident();
        Ident {
            name: format!("{GLOBAL}{}", name.name).into(),
            span: alias.span.to(name.span),
        }
    }

    pub(super) fn ident(&mut self) -> Ident {
        let token = self.current();
        match token.tok {
            Tok::Ident(name) => {
                self.at += 1;
                Ident {
                    name,
                    span: token.span,
                }
            }
            Tok::Keyword(word) => {
                self.diagnostics.error(
                    "CS1041",
                    token.span,
                    format!("Identifier expected; '{word}' is a keyword"),
                );
                self.at += 1;
                Ident {
                    name: word.into(),
                    span: token.span,
                }
            }
            _ => {
                self.diagnostics
                    .error("CS1001", token.span, "Identifier expected");
                Ident {
                    name: Arc::from(""),
                    span: token.span,
                }
            }
        }
    }

    /// Reports that, at the current token, and goes to the end: nothing after it can be understood.
    pub(super) fn too_complex(&mut self) -> Span {
        let span = self.current().span;
        self.diagnostics.error(
            "CS8078",
            span,
            "An expression is too long or complex to compile",
        );
        self.at = self.tokens.len().saturating_sub(1);
        span
    }

    /// Runs `parse` one level deeper; too deep is an error at the current token.
    pub(super) fn deeper<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> T,
        instead: impl FnOnce(Span) -> T,
    ) -> T {
        if self.depth >= DEEPEST {
            return instead(self.too_complex());
        }
        self.depth += 1;
        let result = stacker::maybe_grow(64 * 1024, 1024 * 1024, || parse(self));
        self.depth -= 1;
        result
    }

    /// Skips to the end of a statement after an error.
    pub(super) fn recover(&mut self) {
        let mut depth = 0_usize;
        while !self.at_end() {
            match self.current().tok {
                Tok::Punct(";") if depth == 0 => {
                    self.at += 1;
                    return;
                }
                Tok::Punct("{") => depth += 1,
                Tok::Punct("}") => {
                    if depth == 0 {
                        return;
                    }
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}

pub(super) fn make(kind: ExprKind, span: Span) -> Expr {
    Expr {
        kind: Box::new(kind),
        span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(source: &str) -> Vec<&'static str> {
        let (_, diagnostics) = parse(source);
        diagnostics.into_sorted().iter().map(|d| d.code).collect()
    }

    #[test]
    fn whole_grammar_reads_without_errors() {
        for source in [
            "@(context.Response.StatusCode == 429 || context.Response.StatusCode >= 500)",
            "@((string)context.Variables[\"x\"] + (int)y - (z) + -1)",
            "@{ var x = a < b && c > d; List<List<int>> l = new List<List<int>>(); return x; }",
            "@{ int[] a = {1,2}; var b = new[] {1}; int[][] c = new int[2][]; int[,] d = new int[1,2]; return a; }",
            "@{ foreach (var (a, b) in c) { continue; } for (int i = 0, j = 1; i < 3; i++, j--) break; return 1; }",
            "@{ switch (x) { case 1: case 2: return 1; case string s when s.Length > 1: break; default: throw new Exception(); } return 2; }",
            "@{ try { } catch (FormatException e) when (e.Message == \"\") { throw; } catch { } finally { } return 1; }",
            "@(from x in a where x > 1 let y = x * x orderby y descending, x select new { x, y, z = 1 })",
            "@(from a in b join c in d on a.X equals c.Y into g from h in g group h by h.K into i select i)",
            "@(x is int n && y is null && z is var w ? (a, b: 1).Item1 : default(int?) ?? throw new Exception(\"\"))",
            "@{ int F(int x, params string[] y) => x; bool G<T>(out T t) { t = default; return true; } return F(1, \"a\"); }",
            "@($\"a{x,-4:F2}b{{c}}{(d ? \"e\" : 'f')}\" + $@\"\\{y}\"\"\")",
            "@($@\"a{ 1\n + $\"{2}\"\n // x\n }b\n\" +\n$\"{1}\"\n)",
            "@(a?.b?[0]?.c.d(out var e, ref f, name: 1) ?? g)",
            "@(new JObject { [\"a\"] = 1, [\"b\"] = new JArray { 1, 2 } }.ToString(Formatting.None))",
            "@(new Foo { A = 1, B = { C = 2 }, D = { 1, 2 } })",
            "@(delegate (int x) { return x; })",
            "@{ (a, b) = (b, a); (int x, var y) = t; a >>= 1; b = a >> 2; return checked(a << 1); }",
            "@{ using (var h = x) { lock (h) { } } const int k = 1; do { } while (true); if (a) ; else return 1; }",
        ] {
            assert_eq!(codes(source), Vec::<&str>::new(), "{source}");
        }
    }

    #[test]
    fn several_errors_are_reported_in_one_run() {
        assert_eq!(
            codes("@{ var a = 1 var b = ; return 1 }"),
            ["CS1002", "CS1525", "CS1002"]
        );
        assert_eq!(codes("@(1;)"), ["CS1525"]);
        assert_eq!(codes("@('ab')"), ["CS1012"]);
        assert_eq!(codes("hello"), ["TG0001"]);
    }

    #[test]
    fn nesting_too_deep_is_an_error_and_no_crash() {
        let source = format!("@({}1{})", "(".repeat(100_000), ")".repeat(100_000));
        assert!(codes(&source).contains(&"CS8078"));
    }
}
