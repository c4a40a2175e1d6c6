//! `SelectToken` paths: text to steps. What the steps select is in `select`.
//!
//! Names, `['quoted']` names, `[n]`, `[*]`, `*`, `..`, unions `[0,2]` and `['a','b']`, slices `[a:b:s]`, filters
//! `[?(@.a == 'x' && @.b > 1)]`. Messages are Json.NET's.

use super::error::{Error, Result};
use super::number;
use super::scalar::Scalar;
use super::token::{JToken, TokenType};

/// One step of a path.
#[derive(Debug)]
pub(super) enum Step {
    /// The root of the document, inside filters.
    Root,
    /// A member; `None` is `*`.
    Field(Option<String>),
    Fields(Vec<String>),
    /// `..name`; `None` is `..*`.
    Scan(Option<String>),
    ScanFields(Vec<String>),
    /// An element; `None` is `[*]`.
    Index(Option<i32>),
    Indexes(Vec<i32>),
    Slice {
        start: Option<i32>,
        end: Option<i32>,
        step: Option<i32>,
    },
    Filter(Query),
    ScanFilter(Query),
}

/// A filter's condition.
#[derive(Debug)]
pub(super) enum Query {
    And(Vec<Query>),
    Or(Vec<Query>),
    Test {
        left: Side,
        operator: Operator,
        right: Option<Side>,
    },
}

#[derive(Debug)]
pub(super) enum Side {
    Path(Vec<Step>),
    Value(JToken),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Exists,
    Equals,
    NotEquals,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
}

/// Filters inside filters deeper than this are refused.
const MAX_NESTING: usize = 32;

const OPEN_INDEXER: &str = "Path ended with open indexer.";
const OPEN_QUERY: &str = "Path ended with open query.";

/// Reads a path.
pub(super) fn parse(text: &str) -> Result<Vec<Step>> {
    let mut parser = Parser {
        chars: text.chars().collect(),
        at: 0,
        nesting: 0,
    };
    parser.main()
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    nesting: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// The current character; the path must not be over.
    fn current(&self, message: &'static str) -> Result<char> {
        self.peek().ok_or_else(|| Error::json(message))
    }

    fn text(&self, start: usize, end: usize) -> String {
        self.chars
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .collect()
    }

    fn skip_spaces(&mut self) {
        while self.peek() == Some(' ') {
            self.at += 1;
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let length = word.chars().count();
        let found = self
            .chars
            .get(self.at..self.at + length)
            .is_some_and(|c| c.iter().copied().eq(word.chars()));
        if found {
            self.at += length;
        }
        found
    }

    fn main(&mut self) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        let mut start = self.at;
        self.skip_spaces();
        match self.peek() {
            None => return Ok(steps),
            Some('$') if self.chars.len() == 1 => return Ok(steps),
            // Only `$.` and `$[` name the root; other names may begin with `$`.
            Some('$') if matches!(self.chars.get(self.at + 1), Some('.' | '[')) => {
                self.at += 1;
                start = self.at;
            }
            _ => {}
        }
        if !self.path(&mut steps, start, false)? {
            let stopped = self.at;
            self.skip_spaces();
            if self.at < self.chars.len() {
                let found = self.chars.get(stopped).copied().unwrap_or(' ');
                return Err(Error::json(format!(
                    "Unexpected character while parsing path: {found}"
                )));
            }
        }
        Ok(steps)
    }

    /// Reads steps up to the end of the path or of the filter's side; returns whether the path is over.
    fn path(&mut self, steps: &mut Vec<Step>, mut start: usize, in_query: bool) -> Result<bool> {
        let (mut scan, mut after_indexer, mut after_dot) = (false, false, false);
        while let Some(c) = self.peek() {
            match c {
                '[' | '(' => {
                    if self.at > start {
                        steps.push(self.field(start, scan));
                        scan = false;
                    }
                    steps.push(self.indexer(if c == '[' { ']' } else { ')' }, scan)?);
                    // Json.NET keeps on scanning only until the first step after `..`.
                    scan = false;
                    self.at += 1;
                    start = self.at;
                    (after_indexer, after_dot) = (true, false);
                }
                ']' | ')' | ' ' => break,
                '.' => {
                    if self.at > start {
                        steps.push(self.field(start, scan));
                        scan = false;
                    }
                    if self.chars.get(self.at + 1) == Some(&'.') {
                        scan = true;
                        self.at += 1;
                    }
                    self.at += 1;
                    start = self.at;
                    (after_indexer, after_dot) = (false, true);
                }
                '=' | '<' | '!' | '>' | '|' | '&' if in_query => break,
                c if after_indexer => {
                    return Err(Error::json(format!(
                        "Unexpected character following indexer: {c}"
                    )));
                }
                _ => self.at += 1,
            }
        }
        let over = self.at == self.chars.len();
        if self.at > start {
            steps.push(self.field(start, scan));
        } else if after_dot && (over || in_query) {
            return Err(Error::json("Unexpected end while parsing path."));
        }
        Ok(over)
    }

    fn field(&self, start: usize, scan: bool) -> Step {
        let name = self.text(start, self.at);
        let name = name.trim_end();
        let name = (name != "*").then(|| name.to_owned());
        if scan {
            Step::Scan(name)
        } else {
            Step::Field(name)
        }
    }

    /// What stands in brackets; leaves the closing one to the caller.
    fn indexer(&mut self, close: char, scan: bool) -> Result<Step> {
        self.at += 1;
        self.current(OPEN_INDEXER)?;
        self.skip_spaces();
        match self.current(OPEN_INDEXER)? {
            '\'' => self.quoted_fields(close, scan),
            '?' => self.query(close, scan),
            _ => self.array_indexer(close),
        }
    }

    fn unexpected_in_indexer(found: char) -> Error {
        Error::json(format!(
            "Unexpected character while parsing path indexer: {found}"
        ))
    }

    fn quoted_fields(&mut self, close: char, scan: bool) -> Result<Step> {
        let mut names = Vec::new();
        loop {
            names.push(self.quoted_string()?);
            self.skip_spaces();
            match self.current(OPEN_INDEXER)? {
                c if c == close => break,
                ',' => {
                    self.at += 1;
                    self.skip_spaces();
                    if self.current(OPEN_INDEXER)? != '\'' {
                        return Err(Self::unexpected_in_indexer(self.current(OPEN_INDEXER)?));
                    }
                }
                c => return Err(Self::unexpected_in_indexer(c)),
            }
        }
        Ok(match (names.len(), scan) {
            (1, true) => Step::Scan(names.pop()),
            (1, false) => Step::Field(names.pop()),
            (_, true) => Step::ScanFields(names),
            (_, false) => Step::Fields(names),
        })
    }

    fn quoted_string(&mut self) -> Result<String> {
        let mut text = String::new();
        self.at += 1;
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '\'' => return Ok(text),
                '\\' => match self.peek() {
                    Some(escaped @ ('\'' | '\\')) => {
                        text.push(escaped);
                        self.at += 1;
                    }
                    Some(other) => {
                        return Err(Error::json(format!("Unknown escape character: \\{other}")));
                    }
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err(Error::json("Path ended with an open string."))
    }

    fn integer(&self, start: usize, end: usize) -> Result<i32> {
        let text = self.text(start, end);
        let target = crate::clr::number_parse::IntegerType::Int32;
        let styles = crate::clr::number_parse::NumberStyles::INTEGER;
        let number = crate::clr::number_parse::parse_integer(&text, target, styles)?;
        Ok(i32::try_from(number).unwrap_or_default())
    }

    fn array_indexer(&mut self, close: char) -> Result<Step> {
        let mut start = self.at;
        let mut end = None;
        let mut indexes: Vec<i32> = Vec::new();
        let mut slice = [None; 3];
        let mut colons = 0_usize;
        let expected = || Error::json("Array index expected.");
        while let Some(c) = self.peek() {
            let stop = end.unwrap_or(self.at);
            match c {
                ' ' => {
                    end = Some(self.at);
                    self.skip_spaces();
                }
                c if c == close => {
                    if colons > 0 {
                        if let Some(part) = slice.get_mut(colons.min(2)).filter(|_| stop > start) {
                            *part = Some(self.integer(start, stop)?);
                        }
                        let [first, last, step] = slice;
                        return Ok(Step::Slice {
                            start: first,
                            end: last,
                            step,
                        });
                    }
                    if stop == start {
                        return Err(expected());
                    }
                    let index = self.integer(start, stop)?;
                    if indexes.is_empty() {
                        return Ok(Step::Index(Some(index)));
                    }
                    indexes.push(index);
                    return Ok(Step::Indexes(indexes));
                }
                ',' => {
                    if stop == start {
                        return Err(expected());
                    }
                    indexes.push(self.integer(start, stop)?);
                    self.at += 1;
                    self.skip_spaces();
                    (start, end) = (self.at, None);
                }
                '*' => {
                    self.at += 1;
                    self.current(OPEN_INDEXER)?;
                    self.skip_spaces();
                    if self.current(OPEN_INDEXER)? != close {
                        return Err(Self::unexpected_in_indexer(c));
                    }
                    return Ok(Step::Index(None));
                }
                ':' => {
                    if let Some(part) = slice.get_mut(colons).filter(|_| stop > start) {
                        *part = Some(self.integer(start, stop)?);
                    }
                    colons += 1;
                    self.at += 1;
                    self.skip_spaces();
                    (start, end) = (self.at, None);
                }
                c if (!c.is_ascii_digit() && c != '-') || end.is_some() => {
                    return Err(Self::unexpected_in_indexer(c));
                }
                _ => self.at += 1,
            }
        }
        Err(Error::json(OPEN_INDEXER))
    }

    fn query(&mut self, close: char, scan: bool) -> Result<Step> {
        self.at += 1;
        let open = self.current(OPEN_INDEXER)?;
        if open != '(' {
            return Err(Self::unexpected_in_indexer(open));
        }
        self.at += 1;
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(Error::json("The path nests too many queries."));
        }
        let condition = self.condition()?;
        self.nesting -= 1;
        self.at += 1;
        self.current(OPEN_INDEXER)?;
        self.skip_spaces();
        let found = self.current(OPEN_INDEXER)?;
        if found != close {
            return Err(Self::unexpected_in_indexer(found));
        }
        Ok(if scan {
            Step::ScanFilter(condition)
        } else {
            Step::Filter(condition)
        })
    }

    /// Tests joined by `&&` and `||`. As in Json.NET, a change of the operator opens a group that reaches to the end.
    fn condition(&mut self) -> Result<Query> {
        let mut groups: Vec<(bool, Vec<Query>)> = Vec::new();
        while self.at < self.chars.len() {
            let left = self.side()?;
            let (operator, right) = match self.current(OPEN_QUERY)? {
                ')' | '|' | '&' => (Operator::Exists, None),
                _ => {
                    let operator = self.operator()?;
                    (operator, Some(self.side()?))
                }
            };
            let test = Query::Test {
                left,
                operator,
                right,
            };
            match self.current(OPEN_QUERY)? {
                ')' => {
                    let Some((_, last)) = groups.last_mut() else {
                        return Ok(test);
                    };
                    last.push(test);
                    return Ok(fold(groups));
                }
                c @ ('&' | '|') => {
                    let is_and = c == '&';
                    if !self.take(if is_and { "&&" } else { "||" }) {
                        return Err(self.unexpected_in_query());
                    }
                    match groups.last_mut() {
                        Some((and, tests)) if *and == is_and => tests.push(test),
                        _ => groups.push((is_and, vec![test])),
                    }
                }
                _ => {}
            }
        }
        Err(Error::json(OPEN_QUERY))
    }

    fn unexpected_in_query(&self) -> Error {
        let found = self.peek().unwrap_or(' ');
        Error::json(format!(
            "Unexpected character while parsing path query: {found}"
        ))
    }

    fn side(&mut self) -> Result<Side> {
        self.skip_spaces();
        let side = match self.current(OPEN_QUERY)? {
            root @ ('$' | '@') => {
                let mut steps = if root == '$' {
                    vec![Step::Root]
                } else {
                    Vec::new()
                };
                self.at += 1;
                if self.path(&mut steps, self.at, true)? {
                    return Err(Error::json(OPEN_QUERY));
                }
                Side::Path(steps)
            }
            _ => Side::Value(self.literal()?),
        };
        self.skip_spaces();
        self.current(OPEN_QUERY)?;
        Ok(side)
    }

    fn literal(&mut self) -> Result<JToken> {
        let value = |token_type, scalar| Ok(JToken::typed_value(token_type, scalar));
        match self.current(OPEN_QUERY)? {
            '\'' => value(
                TokenType::String,
                Scalar::String(self.quoted_string()?.into()),
            ),
            c if c.is_ascii_digit() || c == '-' => {
                let start = self.at;
                self.at += 1;
                while let Some(c) = self.peek() {
                    if c == ' ' || c == ')' {
                        let text = self.text(start, self.at);
                        if let Ok(integer) = text.parse::<i64>() {
                            return value(TokenType::Integer, Scalar::int64(integer));
                        }
                        if let Some(real) = number::parse_double(&text) {
                            return value(TokenType::Float, Scalar::Double(real));
                        }
                        return Err(self.unexpected_in_query());
                    }
                    self.at += 1;
                }
                Err(self.unexpected_in_query())
            }
            't' if self.take("true") => value(TokenType::Boolean, Scalar::Bool(true)),
            'f' if self.take("false") => value(TokenType::Boolean, Scalar::Bool(false)),
            'n' if self.take("null") => value(TokenType::Null, Scalar::Null),
            '/' => {
                let pattern = self.regex()?;
                value(TokenType::String, Scalar::String(pattern.into()))
            }
            _ => Err(self.unexpected_in_query()),
        }
    }

    /// `/pattern/options`, as it is written.
    fn regex(&mut self) -> Result<String> {
        let start = self.at;
        self.at += 1;
        while let Some(c) = self.peek() {
            self.at += 1;
            if c == '\\' {
                self.at += 1;
            } else if c == '/' {
                while self.peek().is_some_and(char::is_alphabetic) {
                    self.at += 1;
                }
                return Ok(self.text(start, self.at));
            }
        }
        Err(Error::json("Path ended with an open regex."))
    }

    fn operator(&mut self) -> Result<Operator> {
        if self.at + 1 >= self.chars.len() {
            return Err(Error::json(OPEN_QUERY));
        }
        for (word, operator) in [
            ("==", Operator::Equals),
            ("=~", Operator::Matches),
            ("!=", Operator::NotEquals),
            ("<>", Operator::NotEquals),
            ("<=", Operator::LessOrEqual),
            ("<", Operator::Less),
            (">=", Operator::GreaterOrEqual),
            (">", Operator::Greater),
        ] {
            if self.take(word) {
                return Ok(operator);
            }
        }
        Err(Error::json("Could not read query operator."))
    }
}

/// The first group holds the next as its last part, and so on.
fn fold(mut groups: Vec<(bool, Vec<Query>)>) -> Query {
    let wrap = |(and, tests): (bool, Vec<Query>)| {
        if and {
            Query::And(tests)
        } else {
            Query::Or(tests)
        }
    };
    let mut inner: Option<Query> = None;
    while let Some((and, mut tests)) = groups.pop() {
        tests.extend(inner.take());
        inner = Some(wrap((and, tests)));
    }
    inner.unwrap_or(Query::And(Vec::new()))
}
