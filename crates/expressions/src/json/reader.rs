//! JSON text to a token tree, with Json.NET's lenient grammar and its error messages.
//!
//! Accepted beyond the standard: single quotes, unquoted names, comments, trailing and empty commas, `NaN`, `Infinity`,
//! `undefined`, hexadecimal and octal integers, `new Name(…)`, line breaks in strings. Of properties of one name the last
//! wins. The reader keeps its own stack; positions for messages are counted only when something is wrong.

use std::borrow::Cow;

use super::date;
use super::error::{Error, Result};
use super::scalar::Scalar;
use super::token::{JToken, TokenType};
use super::tree::{Id, Kind, NONE, Nodes};
use crate::value::Str;

mod document;
mod numbers;
mod place;
mod scan;

/// How text is read.
#[derive(Debug, Clone, Copy)]
pub struct ReaderOptions {
    /// Take exact ISO date strings for dates, as Json.NET does by default.
    pub detect_dates: bool,
    /// Deepest nesting that is read.
    pub max_depth: usize,
}

impl Default for ReaderOptions {
    fn default() -> Self {
        Self {
            detect_dates: true,
            max_depth: 10_000,
        }
    }
}

/// `JToken.Parse`
pub fn parse(text: &str, options: &ReaderOptions) -> Result<JToken> {
    Parser::new(text, options)
        .document(Mode::Token)
        .map(|token| token.unwrap_or_else(JToken::null))
}

/// `JObject.Parse`
pub fn parse_object(text: &str, options: &ReaderOptions) -> Result<JToken> {
    Parser::new(text, options)
        .document(Mode::Object)
        .map(|token| token.unwrap_or_else(JToken::new_object))
}

/// `JArray.Parse`
pub fn parse_array(text: &str, options: &ReaderOptions) -> Result<JToken> {
    Parser::new(text, options)
        .document(Mode::Array)
        .map(|token| token.unwrap_or_else(JToken::new_array))
}

/// What `JsonConvert.DeserializeObject` reads before it converts: `None` for a text without content.
pub fn parse_content(text: &str, options: &ReaderOptions) -> Result<Option<JToken>> {
    Parser::new(text, options).document(Mode::Content)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Token,
    Object,
    Array,
    Content,
}

impl Mode {
    const fn class(self) -> &'static str {
        match self {
            Self::Token | Self::Content => "JToken",
            Self::Object => "JObject",
            Self::Array => "JArray",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Property,
    ObjectStart,
    Object,
    ArrayStart,
    Array,
    ConstructorStart,
    Constructor,
    PostValue,
    Finished,
}

/// What one step of the reader found.
enum Step {
    /// A token of this name, put into the tree.
    Token(&'static str),
    /// White space or a comma; go on.
    Nothing,
    /// The text is over.
    End,
}

/// A container being filled.
struct Frame {
    id: Id,
    token_type: TokenType,
    /// Last property of an object.
    property: Id,
    /// Index of the last value of an array, -1 before the first.
    position: i64,
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    options: &'a ReaderOptions,
    state: State,
    nodes: Nodes,
    stack: Vec<Frame>,
    root: Option<Id>,
    /// Last token was a comment, which counts for the line number at the very start.
    after_comment: bool,
    /// Property names seen lately: a body repeats few names many times.
    names: [Option<Str>; 32],
    /// Memory for the next string with escapes.
    unescaped: Vec<u8>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, options: &'a ReaderOptions) -> Self {
        Self {
            text,
            at: 0,
            options,
            state: State::Start,
            nodes: Nodes::with_capacity((text.len() / 16).clamp(1, 4096)),
            stack: Vec::new(),
            root: None,
            after_comment: false,
            names: [const { None }; 32],
            unescaped: Vec::new(),
        }
    }

    fn step(&mut self) -> Result<Step> {
        match self.state {
            State::Object | State::ObjectStart => self.member(),
            State::PostValue => self.after_value(),
            State::Finished => self.after_all(),
            _ => self.value(),
        }
    }

    /// Something where a value may stand.
    fn value(&mut self) -> Result<Step> {
        self.skip_white_space();
        let Some(byte) = self.peek() else {
            return Ok(Step::End);
        };
        match byte {
            b'"' | b'\'' => {
                let text = self.string(byte)?;
                let date = match &text {
                    text if self.options.detect_dates => date::parse_json_date(text),
                    _ => None,
                };
                let (name, token_type, value) = match date {
                    Some(date) => ("Date", TokenType::Date, Scalar::Date(date)),
                    None => (
                        "String",
                        TokenType::String,
                        Scalar::String(text.as_ref().into()),
                    ),
                };
                if let Cow::Owned(text) = text {
                    self.unescaped = text.into_bytes();
                }
                self.scalar(name, token_type, value)
            }
            b'{' => self.open(
                "StartObject",
                TokenType::Object,
                Kind::object(),
                State::ObjectStart,
            ),
            b'[' => self.open(
                "StartArray",
                TokenType::Array,
                Kind::array(),
                State::ArrayStart,
            ),
            b']' => self.close("EndArray", TokenType::Array),
            b')' => self.close("EndConstructor", TokenType::Constructor),
            // An empty place between commas; the comma itself is read as the separator.
            b',' => self.scalar("Undefined", TokenType::Undefined, Scalar::Null),
            b't' => self.literal(
                "true",
                "boolean",
                "Boolean",
                TokenType::Boolean,
                Scalar::Bool(true),
            ),
            b'f' => self.literal(
                "false",
                "boolean",
                "Boolean",
                TokenType::Boolean,
                Scalar::Bool(false),
            ),
            b'n' => match self.text.as_bytes().get(self.at + 1) {
                Some(b'u') => self.literal("null", "null", "Null", TokenType::Null, Scalar::Null),
                Some(b'e') => self.constructor(),
                Some(_) => Err(self.unexpected_character()),
                None => {
                    self.at += 1;
                    Err(self.error("Unexpected end when reading JSON."))
                }
            },
            b'u' => self.literal(
                "undefined",
                "undefined",
                "Undefined",
                TokenType::Undefined,
                Scalar::Null,
            ),
            b'N' => self.literal(
                "NaN",
                "NaN",
                "Float",
                TokenType::Float,
                Scalar::Double(f64::NAN),
            ),
            b'I' => self.literal(
                "Infinity",
                "Infinity",
                "Float",
                TokenType::Float,
                Scalar::Double(f64::INFINITY),
            ),
            b'-' if self.text.as_bytes().get(self.at + 1) == Some(&b'I') => {
                let value = Scalar::Double(f64::NEG_INFINITY);
                self.literal("-Infinity", "-Infinity", "Float", TokenType::Float, value)
            }
            b'/' => self.comment(),
            b'0'..=b'9' | b'-' | b'.' => self.number(),
            _ if self.peek_char().is_some_and(char::is_numeric) => self.number(),
            _ => Err(self.unexpected_character()),
        }
    }

    fn unexpected_character(&self) -> Error {
        let found = self.peek_char().unwrap_or('\0');
        self.error(&format!(
            "Unexpected character encountered while parsing value: {found}."
        ))
    }

    /// A member's name or the end of an object.
    fn member(&mut self) -> Result<Step> {
        self.skip_white_space();
        match self.peek() {
            None => Ok(Step::End),
            Some(b'}') => self.close("EndObject", TokenType::Object),
            Some(b'/') => self.comment(),
            Some(quote @ (b'"' | b'\'')) => {
                let name = self.string(quote)?;
                self.property(&name)
            }
            Some(_) => {
                let name = self.unquoted_name()?;
                self.property(name)
            }
        }
    }

    fn unquoted_name(&mut self) -> Result<&'a str> {
        let start = self.at;
        loop {
            match self.peek_char() {
                Some(c) if c.is_alphanumeric() || c == '_' || c == '$' => self.at += c.len_utf8(),
                found if self.at == start => {
                    let found = found.unwrap_or('\0');
                    return Err(
                        self.error(&format!("Invalid property identifier character: {found}."))
                    );
                }
                Some(c) if c.is_whitespace() || c == ':' => return Ok(self.slice(start)),
                Some(c) => {
                    return Err(self.error(&format!(
                        "Invalid JavaScript property identifier character: {c}."
                    )));
                }
                None => {
                    return Err(self.error("Unexpected end while parsing unquoted property name."));
                }
            }
        }
    }

    fn property(&mut self, name: &str) -> Result<Step> {
        self.skip_white_space();
        if self.peek() != Some(b':') {
            let found = self.peek_char().unwrap_or('\0');
            return Err(self.error(&format!(
                "Invalid character after parsing property name. Expected ':' but got: {found}."
            )));
        }
        self.at += 1;
        let name = self.shared_name(name);
        let Some(object) = self.stack.last().map(|frame| frame.id) else {
            return Ok(Step::Nothing);
        };
        let property = match self.nodes.find_property(object, &name) {
            Some(existing) => {
                if let Some(old) = self.nodes.property_value(existing) {
                    self.nodes.get_mut(old).parent = NONE;
                }
                if let Kind::Property { value, .. } = &mut self.nodes.get_mut(existing).kind {
                    *value = NONE;
                }
                existing
            }
            None => {
                let property = self
                    .nodes
                    .push(NONE, Kind::Property { name, value: NONE })?;
                self.nodes.insert_member(object, usize::MAX, property);
                property
            }
        };
        if let Some(frame) = self.stack.last_mut() {
            frame.property = property;
        }
        self.after_comment = false;
        self.state = State::Property;
        Ok(Step::Token("PropertyName"))
    }

    fn shared_name(&mut self, name: &str) -> Str {
        let bytes = name.as_bytes();
        let mix = bytes.len() * 7
            + bytes.first().map_or(0, |b| usize::from(*b)) * 3
            + bytes.last().map_or(0, |b| usize::from(*b));
        let Some(slot) = self.names.get_mut(mix % 32) else {
            return name.into();
        };
        match slot {
            Some(known) if known.as_str() == Some(name) => known.clone(),
            _ => slot.insert(name.into()).clone(),
        }
    }

    /// The separator or end after a value.
    fn after_value(&mut self) -> Result<Step> {
        self.skip_white_space();
        match self.peek() {
            None => {
                self.state = State::Finished;
                Ok(Step::End)
            }
            Some(b'}') => self.close("EndObject", TokenType::Object),
            Some(b']') => self.close("EndArray", TokenType::Array),
            Some(b')') => self.close("EndConstructor", TokenType::Constructor),
            Some(b'/') => self.comment(),
            Some(b',') => {
                self.at += 1;
                self.state = match self.stack.last().map(|frame| frame.token_type) {
                    Some(TokenType::Object) => State::Object,
                    Some(TokenType::Array) => State::Array,
                    Some(_) => State::Constructor,
                    None => State::Finished,
                };
                Ok(Step::Nothing)
            }
            Some(_) => {
                let found = self.peek_char().unwrap_or('\0');
                Err(self.error(&format!(
                    "After parsing a value an unexpected character was encountered: {found}."
                )))
            }
        }
    }

    fn after_all(&mut self) -> Result<Step> {
        self.skip_white_space();
        match self.peek() {
            None => Ok(Step::End),
            Some(b'/') => self.comment(),
            Some(_) => {
                let found = self.peek_char().unwrap_or('\0');
                Err(self.error(&format!(
                    "Additional text encountered after finished reading JSON content: {found}."
                )))
            }
        }
    }

    fn open(
        &mut self,
        name: &'static str,
        token_type: TokenType,
        kind: Kind,
        state: State,
    ) -> Result<Step> {
        self.at += 1;
        self.push(token_type, kind, state)?;
        Ok(Step::Token(name))
    }

    fn push(&mut self, token_type: TokenType, kind: Kind, state: State) -> Result<()> {
        self.count_value();
        let id = self.attach(kind)?;
        self.stack.push(Frame {
            id,
            token_type,
            property: NONE,
            position: -1,
        });
        self.state = state;
        self.after_comment = false;
        if self.stack.len() > self.options.max_depth {
            return Err(self.error(&format!(
                "The reader's MaxDepth of {} has been exceeded.",
                self.options.max_depth
            )));
        }
        Ok(())
    }

    fn close(&mut self, name: &'static str, token_type: TokenType) -> Result<Step> {
        self.at += 1;
        let open = self.stack.pop();
        let found = open
            .as_ref()
            .map_or("None", |frame| frame.token_type.name());
        if open.is_none_or(|frame| frame.token_type != token_type) {
            return Err(self.error(&format!(
                "JsonToken {name} is not valid for closing JsonType {found}."
            )));
        }
        self.after_comment = false;
        self.finish_value_state();
        Ok(Step::Token(name))
    }

    fn finish_value_state(&mut self) {
        self.state = if self.stack.is_empty() {
            State::Finished
        } else {
            State::PostValue
        };
    }

    fn count_value(&mut self) {
        if let Some(frame) = self.stack.last_mut() {
            frame.position += 1;
        }
    }

    fn scalar(&mut self, name: &'static str, token_type: TokenType, value: Scalar) -> Result<Step> {
        self.finish_value_state();
        self.count_value();
        self.attach(Kind::Value { token_type, value })?;
        self.after_comment = false;
        Ok(Step::Token(name))
    }

    /// Puts a new node where the reader stands.
    fn attach(&mut self, kind: Kind) -> Result<Id> {
        let Some(frame) = self.stack.last() else {
            let id = self.nodes.push(NONE, kind)?;
            self.root.get_or_insert(id);
            return Ok(id);
        };
        let (container, property) = (frame.id, frame.property);
        if frame.token_type == TokenType::Object {
            let id = self.nodes.push(property, kind)?;
            if let Kind::Property { value, .. } = &mut self.nodes.get_mut(property).kind {
                *value = id;
            }
            return Ok(id);
        }
        let id = self.nodes.push(container, kind)?;
        if let Kind::Array(items) | Kind::Constructor { items, .. } =
            &mut self.nodes.get_mut(container).kind
        {
            items.ids.push(id);
        }
        Ok(id)
    }

    fn constructor(&mut self) -> Result<Step> {
        if !self.matches_word("new")? {
            return Err(self.error("Unexpected content while parsing JSON."));
        }
        self.skip_white_space();
        let start = self.at;
        while let Some(c) = self.peek_char().filter(|c| c.is_alphanumeric()) {
            self.at += c.len_utf8();
        }
        let name: Str = self.slice(start).into();
        match self.peek_char() {
            None => return Err(self.error("Unexpected end while parsing constructor.")),
            Some(c) if c.is_whitespace() || c == '(' || c == '\0' => {}
            Some(c) => {
                return Err(self.error(&format!(
                    "Unexpected character while parsing constructor: {c}."
                )));
            }
        }
        self.skip_white_space();
        if self.peek() != Some(b'(') {
            let found = self.peek_char().unwrap_or('\0');
            return Err(self.error(&format!(
                "Unexpected character while parsing constructor: {found}."
            )));
        }
        self.at += 1;
        let kind = Kind::Constructor {
            name,
            items: Box::default(),
        };
        self.push(TokenType::Constructor, kind, State::ConstructorStart)?;
        Ok(Step::Token("StartConstructor"))
    }

    fn comment(&mut self) -> Result<Step> {
        let text = self.comment_text()?;
        self.after_comment = true;
        if self.stack.is_empty() && self.root.is_none() {
            let kind = Kind::Value {
                token_type: TokenType::Comment,
                value: Scalar::text(text),
            };
            self.attach(kind)?;
        }
        Ok(Step::Token("Comment"))
    }

    fn number(&mut self) -> Result<Step> {
        let text = self.number_text()?;
        self.finish_value_state();
        self.count_value();
        let Some(value) = numbers::number_value(text) else {
            return Err(self.error(&format!("Input string '{text}' is not a valid number.")));
        };
        let token_type = TokenType::of(&value).unwrap_or(TokenType::Float);
        let name = if token_type == TokenType::Integer {
            "Integer"
        } else {
            "Float"
        };
        self.attach(Kind::Value { token_type, value })?;
        self.after_comment = false;
        Ok(Step::Token(name))
    }

    fn literal(
        &mut self,
        word: &str,
        what: &str,
        name: &'static str,
        token_type: TokenType,
        value: Scalar,
    ) -> Result<Step> {
        if self.matches_word(word)? {
            return self.scalar(name, token_type, value);
        }
        Err(self.error(&format!("Error parsing {what} value.")))
    }
}
