//! `SelectToken(s)`: what a path's steps select in a tree.

use super::error::{Error, Result};
use super::path::{self, Operator, Query, Side, Step};
use super::scalar::Scalar;
use super::token::{JToken, TokenType};
use crate::clr::datetime_format::{json_datetime, json_datetimeoffset};
use crate::forest::work;
use crate::value::Str;

/// Tokens that one selection may visit: `..*..*` multiplies them.
const MAX_VISITS: usize = 2_000_000;

impl JToken {
    /// `SelectTokens(path, errorWhenNoMatch)`, all at once. `regex_steps` bounds a filter's `=~`.
    pub fn select_tokens(
        &self,
        path: &str,
        strict: bool,
        regex_steps: usize,
    ) -> Result<Vec<JToken>> {
        let steps = path::parse(path)?;
        let mut selection = Selection {
            root: self,
            strict,
            visits: MAX_VISITS,
            regex_steps,
        };
        selection.run(&steps, self, strict)
    }
}

impl JToken {
    /// Whether a path is the empty one, which leads to the token itself.
    ///
    /// # Errors
    /// `JsonException` where it is no path.
    pub fn check_path(path: &str) -> Result<bool> {
        Ok(path::parse(path)?.is_empty())
    }
}

struct Selection<'a> {
    root: &'a JToken,
    strict: bool,
    visits: usize,
    regex_steps: usize,
}

impl Selection<'_> {
    fn visit(&mut self, count: usize) -> Result<()> {
        work(count);
        self.visits = self
            .visits
            .checked_sub(count)
            .ok_or_else(|| Error::json("The path selects too many tokens."))?;
        Ok(())
    }

    fn run(&mut self, steps: &[Step], start: &JToken, strict: bool) -> Result<Vec<JToken>> {
        let outer = std::mem::replace(&mut self.strict, strict);
        let mut current = vec![start.clone()];
        for step in steps {
            let mut next = Vec::new();
            for token in &current {
                self.visit(1)?;
                self.step(step, token, &mut next)?;
            }
            current = next;
        }
        self.strict = outer;
        Ok(current)
    }

    /// Fails with the message when a match is required.
    fn missing(&self, message: impl FnOnce() -> String) -> Result<()> {
        if self.strict {
            Err(Error::json(message()))
        } else {
            Ok(())
        }
    }

    fn step(&mut self, step: &Step, token: &JToken, found: &mut Vec<JToken>) -> Result<()> {
        match step {
            Step::Root => found.push(self.root.clone()),
            Step::Field(name) => return self.field(name.as_deref(), token, found),
            Step::Fields(names) => {
                if token.token_type() != TokenType::Object {
                    let list = names
                        .iter()
                        .map(|n| format!("'{n}'"))
                        .collect::<Vec<_>>()
                        .join(", ");
                    return self
                        .missing(|| format!("Properties {list} not valid on {}.", token.class()));
                }
                for name in names {
                    match token.get_str(name) {
                        Some(value) => found.push(value),
                        None => self
                            .missing(|| format!("Property '{name}' does not exist on JObject."))?,
                    }
                }
            }
            Step::Scan(name) => {
                let all = token.descendants(true);
                self.visit(all.len())?;
                match name {
                    None => found.extend(
                        all.into_iter()
                            .filter(|t| t.token_type() != TokenType::Property),
                    ),
                    Some(name) => self.named(&all, |n| *n == **name, found),
                }
            }
            Step::ScanFields(names) => {
                let all = token.descendants(true);
                self.visit(all.len())?;
                self.named(&all, |n| names.iter().any(|name| *n == **name), found);
            }
            Step::Index(Some(index)) => self.index(*index, token, found)?,
            Step::Index(None) => {
                if !matches!(
                    token.token_type(),
                    TokenType::Array | TokenType::Constructor
                ) {
                    return self.missing(|| format!("Index * not valid on {}.", token.class()));
                }
                self.visit(token.count())?;
                found.extend(token.children());
            }
            Step::Indexes(indexes) => {
                for index in indexes {
                    self.index(*index, token, found)?;
                }
            }
            Step::Slice { start, end, step } => {
                return self.slice(*start, *end, *step, token, found);
            }
            Step::Filter(query) => {
                for child in token.children() {
                    if self.holds(query, &child)? {
                        found.push(child);
                    }
                }
            }
            Step::ScanFilter(query) => {
                for child in token.descendants(true) {
                    if self.holds(query, &child)? {
                        found.push(child);
                    }
                }
            }
        }
        Ok(())
    }

    fn named(&self, tokens: &[JToken], matches: impl Fn(&Str) -> bool, found: &mut Vec<JToken>) {
        let properties = tokens
            .iter()
            .filter(|t| t.token_type() == TokenType::Property);
        found.extend(
            properties
                .filter(|t| t.name().is_some_and(|name| matches(&name)))
                .filter_map(JToken::property_value),
        );
    }

    fn field(&mut self, name: Option<&str>, token: &JToken, found: &mut Vec<JToken>) -> Result<()> {
        if token.token_type() != TokenType::Object {
            let name = name.unwrap_or("*");
            return self.missing(|| format!("Property '{name}' not valid on {}.", token.class()));
        }
        match name {
            Some(name) => match token.get_str(name) {
                Some(value) => found.push(value),
                None => self.missing(|| format!("Property '{name}' does not exist on JObject."))?,
            },
            None => {
                self.visit(token.count())?;
                found.extend(token.children().iter().filter_map(JToken::property_value));
            }
        }
        Ok(())
    }

    fn index(&self, index: i32, token: &JToken, found: &mut Vec<JToken>) -> Result<()> {
        let class = token.class();
        if !matches!(
            token.token_type(),
            TokenType::Array | TokenType::Constructor
        ) {
            return self.missing(|| format!("Index {index} not valid on {class}."));
        }
        match token.item(index) {
            Ok(item) => found.push(item),
            Err(error) if index < 0 => return Err(error),
            Err(_) => self.missing(|| format!("Index {index} outside the bounds of {class}."))?,
        }
        Ok(())
    }

    fn slice(
        &mut self,
        start: Option<i32>,
        end: Option<i32>,
        step: Option<i32>,
        token: &JToken,
        found: &mut Vec<JToken>,
    ) -> Result<()> {
        let step = i64::from(step.unwrap_or(1));
        if step == 0 {
            return Err(Error::json("Step cannot be zero."));
        }
        if token.token_type() != TokenType::Array {
            return self.missing(|| format!("Array slice is not valid on {}.", token.class()));
        }
        let count = i64::try_from(token.count()).unwrap_or(i64::MAX);
        let forward = step > 0;
        // Negative positions count from the end.
        let place = |at: Option<i32>, default: i64| match at.map(i64::from) {
            Some(at) if at < 0 => count + at,
            Some(at) => at,
            None => default,
        };
        let first = place(start, if forward { 0 } else { count - 1 });
        let first = if forward {
            first.max(0).min(count)
        } else {
            first.min(count - 1)
        };
        let last = place(end, if forward { count } else { -1 })
            .max(-1)
            .min(count);
        let valid = |at: i64| if forward { at < last } else { at > last };
        if !valid(first) {
            let shown = |at: Option<i32>| at.map_or("*".to_owned(), |at| at.to_string());
            return self.missing(|| {
                format!(
                    "Array slice of {} to {} returned no results.",
                    shown(start),
                    shown(end)
                )
            });
        }
        self.visit(token.count())?;
        let mut at = first;
        while valid(at) {
            found.extend(usize::try_from(at).ok().and_then(|at| token.child(at)));
            at += step;
        }
        Ok(())
    }

    fn holds(&mut self, query: &Query, token: &JToken) -> Result<bool> {
        self.visit(1)?;
        match query {
            Query::And(parts) => {
                for part in parts {
                    if !self.holds(part, token)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Query::Or(parts) => {
                for part in parts {
                    if self.holds(part, token)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Query::Test {
                left,
                operator,
                right,
            } => {
                let left = self.side(left, token)?;
                let Some(right) = right else {
                    return Ok(!left.is_empty());
                };
                let right = self.side(right, token)?;
                for a in &left {
                    for b in &right {
                        self.visit(1)?;
                        if self.compare(a, *operator, b)? {
                            return Ok(true);
                        }
                    }
                }
                Ok(false)
            }
        }
    }

    fn side(&mut self, side: &Side, token: &JToken) -> Result<Vec<JToken>> {
        match side {
            Side::Value(value) => Ok(vec![value.clone()]),
            Side::Path(steps) => self.run(steps, token, false),
        }
    }

    fn compare(&self, a: &JToken, operator: Operator, b: &JToken) -> Result<bool> {
        if !a.is_value() || !b.is_value() {
            // Containers differ from everything.
            return Ok(operator == Operator::NotEquals);
        }
        Ok(match operator {
            Operator::Exists => true,
            Operator::Equals => equal(a, b),
            Operator::NotEquals => !equal(a, b),
            Operator::Less => a.compare_to(b)?.is_lt(),
            Operator::LessOrEqual => a.compare_to(b)?.is_le(),
            Operator::Greater => a.compare_to(b)?.is_gt(),
            Operator::GreaterOrEqual => a.compare_to(b)?.is_ge(),
            Operator::Matches => self.matches(a, b)?,
        })
    }

    /// `a =~ /pattern/options`
    fn matches(&self, a: &JToken, b: &JToken) -> Result<bool> {
        let (Some(Scalar::String(input)), Some(Scalar::String(pattern))) = (a.scalar(), b.scalar())
        else {
            return Ok(false);
        };
        let pattern = pattern.to_utf8();
        let Some((pattern, letters)) = pattern.strip_prefix('/').and_then(|p| p.rsplit_once('/'))
        else {
            return Ok(false);
        };
        let mut options = crate::regex::Options::default();
        for letter in letters.chars() {
            match letter {
                'i' => options.ignore_case = true,
                'm' => options.multiline = true,
                's' => options.singleline = true,
                'x' => options.explicit_capture = true,
                _ => {}
            }
        }
        let regex = crate::regex::Regex::cached(&Str::from(pattern), options)?;
        let mut steps = crate::regex::Steps::new(self.regex_steps);
        let found = regex.find(&input, &mut steps);
        work(usize::try_from(steps.take_used()).unwrap_or(usize::MAX));
        Ok(found?.is_some())
    }
}

/// Equal values, where a string also equals the JSON text of a date, GUID, span, URI or bytes.
fn equal(a: &JToken, b: &JToken) -> bool {
    if a.value_equals(b) {
        return true;
    }
    let (Some(x), Some(Scalar::String(text))) = (a.scalar(), b.scalar()) else {
        return false;
    };
    let shown = match &x {
        Scalar::Date(date) => json_datetime(*date).into(),
        Scalar::DateOffset(date) => json_datetimeoffset(*date).into(),
        Scalar::Bytes(bytes) => {
            use base64::Engine;
            base64::engine::general_purpose::STANDARD
                .encode(bytes)
                .into()
        }
        Scalar::Guid(_) | Scalar::TimeSpan(_) | Scalar::Uri(_) => x.to_text(),
        _ => return false,
    };
    shown == text
}

#[cfg(test)]
mod tests {
    use super::super::{Formatting, parse};
    fn select(json: &str, path: &str) -> Vec<String> {
        let token = parse(json, &Default::default()).unwrap();
        let found = token.select_tokens(path, false, 100_000).unwrap();
        found.iter().map(|t| t.to_json(Formatting::None)).collect()
    }

    fn error(json: &str, path: &str, strict: bool) -> String {
        let token = parse(json, &Default::default()).unwrap();
        token
            .select_tokens(path, strict, 100_000)
            .unwrap_err()
            .message
            .into_owned()
    }

    #[test]
    fn names_indexes_and_wildcards() {
        let json = r#"{"a":{"b":[1,2,3,4]},"c":{"b":5},"a.b":6}"#;
        for (path, expected) in [
            ("a.b[1]", &["2"][..]),
            ("$.a.b[1]", &["2"]),
            ("['a.b']", &["6"]),
            ("a.b[*]", &["1", "2", "3", "4"]),
            ("*.b", &["[1,2,3,4]", "5"]),
            ("$..b", &["[1,2,3,4]", "5"]),
            ("a.b[1:3]", &["2", "3"]),
            ("a.b[-1:]", &["4"]),
            ("a.b[::-2]", &["4", "2"]),
            ("a.b[0,2]", &["1", "3"]),
            ("['c','a.b']", &["{\"b\":5}", "6"]),
            ("a.b[9]", &[]),
            ("a.x.y", &[]),
            ("a.b.c", &[]),
        ] {
            assert_eq!(select(json, path), expected, "{path}");
        }
        assert_eq!(select(json, "$").len(), 1);
        assert_eq!(select(json, "").len(), 1);
        assert_eq!(select(r#"{"a":{"b":1}}"#, "$..*").len(), 3);
    }

    #[test]
    fn filters_compare_and_combine() {
        let json = r#"{"x":[{"n":"abc","v":1},{"n":"b","v":5,"w":null},{"v":2.0}]}"#;
        for (path, expected) in [
            ("x[?(@.n == 'b')].v", &["5"][..]),
            ("x[?(@.v > 1)].v", &["5", "2.0"]),
            ("x[?(@.v == 1 || @.v == 5)].v", &["1", "5"]),
            ("x[?(@.n && @.v < 2)].v", &["1"]),
            ("x[?(@.n =~ /^AB/i)].v", &["1"]),
            ("x[?(@.n != 'b')].v", &["1"]),
            ("x[?(@.w == null)].v", &["5"]),
            ("$..[?(@.w == null)].v", &["5"]),
            ("x[?(@.v == $.x[0].v)].n", &["\"abc\""]),
        ] {
            assert_eq!(select(json, path), expected, "{path}");
        }
    }

    #[test]
    fn bad_paths_and_missing_matches_are_errors() {
        assert_eq!(error("{}", "a[", false), "Path ended with open indexer.");
        assert_eq!(error("{}", "a[]", false), "Array index expected.");
        assert_eq!(
            error("{}", "a[0]b", false),
            "Unexpected character following indexer: b"
        );
        assert_eq!(
            error("{}", "a.", false),
            "Unexpected end while parsing path."
        );
        assert_eq!(
            error("{}", "x.y", true),
            "Property 'x' does not exist on JObject."
        );
        assert_eq!(
            error("[1]", "[3]", true),
            "Index 3 outside the bounds of JArray."
        );
        assert_eq!(error("[1]", "[0:1:0]", false), "Step cannot be zero.");
        let nested = "[?(@".repeat(100);
        assert_eq!(
            error("{}", &nested, false),
            "The path nests too many queries."
        );
    }

    #[test]
    fn a_path_that_multiplies_tokens_is_stopped() {
        let json = format!("{}1{}", "[".repeat(300), "]".repeat(300));
        assert_eq!(
            error(&json, "..*..*..*..*", false),
            "The path selects too many tokens."
        );
    }
}
