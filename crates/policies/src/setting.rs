//! Values a policy takes from its document: constants of their final type, or expressions evaluated per request.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tidegate_expressions::{Expression, MessageSide, Value, convert};
use tidegate_pipeline::{Exchange, Failure, Mode, PolicyError};
use tidegate_policy_xml::ExpressionPlaces;

/// A compiled expression with the policy it belongs to.
pub struct Evaluated {
    pub(crate) expression: Expression,
    /// The policy element: `LastError.Source`.
    pub(crate) source: &'static str,
    /// Where it stands in its document.
    pub(crate) places: ExpressionPlaces,
}

impl Evaluated {
    /// Evaluates it.
    ///
    /// # Errors
    /// An exception, or a body must be buffered first.
    pub fn value(&self, exchange: &mut Exchange) -> Result<Value, Failure> {
        let result = exchange.evaluate(&self.expression, self.source);
        if let Err(Failure::Error(error)) = &result {
            self.trace(exchange, error);
        }
        result
    }

    /// The entry that API Management's traces have for an exception: the code, and where in the document it came from.
    fn trace(&self, exchange: &mut Exchange, error: &PolicyError) {
        let Some(exception) = error.thrown().filter(|_| exchange.is_traced()) else {
            return;
        };
        let source = self.expression.source();
        let code = source.get(2..source.len().saturating_sub(1));
        let (line, column) = self.places.line_column(exception.offset.unwrap_or(0));
        let details = format!(
            "{}: {}\n   at {}:line {line}, column {column}",
            exception.type_name,
            exception.message,
            self.places.file_name()
        );
        exchange.trace_message(
            self.source,
            "Expression evaluation failed.",
            vec![
                ("expression".to_owned(), code.unwrap_or(source).to_owned()),
                ("details".to_owned(), details),
            ],
        );
    }

    /// The failure for a value this policy cannot use.
    pub fn unusable(&self, message: impl std::fmt::Display) -> PolicyError {
        PolicyError::expression(
            self.source,
            format!("Expression evaluation failed. {message}"),
        )
    }
}

/// Runs `evaluate`, which changes nothing but what its expressions do, until every body it asks for is in memory.
///
/// # Errors
/// What `evaluate` fails with, or a body that cannot be buffered.
pub async fn buffering<T>(
    exchange: &mut Exchange,
    needs: Needs,
    source: &'static str,
    mut evaluate: impl FnMut(&mut Exchange) -> Result<T, Failure>,
) -> Result<T, PolicyError> {
    let (request_first, response_first) = needs.buffer_first();
    if request_first {
        exchange.buffer_body(MessageSide::Request, source).await?;
    }
    if response_first {
        exchange.buffer_body(MessageSide::Response, source).await?;
    }
    for _ in 0..3 {
        match evaluate(exchange) {
            Ok(value) => return Ok(value),
            Err(Failure::NeedsBody(side)) => exchange.buffer_body(side, source).await?,
            Err(Failure::Error(error)) => return Err(error),
        }
    }
    Err(PolicyError::expression(
        source,
        "a message body could not be read",
    ))
}

/// A constant of its final type, or an expression that yields one.
pub enum Setting<T> {
    /// Known at load.
    Constant(T),
    /// Evaluated each time the policy runs.
    Expression(Box<Evaluated>),
}

/// A type an expression's value can be converted to.
pub trait FromValue: Sized {
    /// Converts; `None` for null.
    ///
    /// # Errors
    /// In words, why it cannot.
    fn from_value(value: &Value) -> Result<Option<Self>, String>;
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Result<Option<Self>, String> {
        if value.is_null() {
            return Ok(None);
        }
        convert::to_bool(value)
            .map(Some)
            .map_err(|error| error.to_string())
    }
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Result<Option<Self>, String> {
        if value.is_null() {
            return Ok(None);
        }
        convert::to_int(value)
            .map(Some)
            .map_err(|error| error.to_string())
    }
}

impl FromValue for Arc<str> {
    fn from_value(value: &Value) -> Result<Option<Self>, String> {
        convert::to_text(value)
            .map(|text| text.map(|text| text.to_arc()))
            .map_err(|error| error.to_string())
    }
}

impl FromValue for Duration {
    fn from_value(value: &Value) -> Result<Option<Self>, String> {
        if value.is_null() {
            return Ok(None);
        }
        let seconds = convert::to_double(value).map_err(|error| error.to_string())?;
        seconds_to_duration(seconds).map(Some)
    }
}

/// A number of seconds as a duration; negative or absurd ones are refused.
///
/// # Errors
/// In words, what is wrong with it.
pub fn seconds_to_duration(seconds: f64) -> Result<Duration, String> {
    if !(0.0..=1e10).contains(&seconds) {
        return Err(format!("{seconds} is not a valid number of seconds"));
    }
    Ok(Duration::from_secs_f64(seconds))
}

impl<T: FromValue + Clone> Setting<T> {
    /// The value now; `None` when the expression yields null.
    ///
    /// # Errors
    /// An exception, an unusable value, or a body must be buffered first.
    pub fn get_optional(&self, exchange: &mut Exchange) -> Result<Option<T>, Failure> {
        match self {
            Setting::Constant(value) => Ok(Some(value.clone())),
            Setting::Expression(evaluated) => {
                let value = evaluated.value(exchange)?;
                T::from_value(&value).map_err(|message| evaluated.unusable(message).into())
            }
        }
    }

    /// The value now; null stands for an absent attribute, which has this default.
    ///
    /// # Errors
    /// As [`Setting::get_optional`].
    pub fn get_or(&self, exchange: &mut Exchange, default: T) -> Result<T, Failure> {
        Ok(self.get_optional(exchange)?.unwrap_or(default))
    }

    /// The value now; null is an error.
    ///
    /// # Errors
    /// As [`Setting::get_optional`], and for null.
    pub fn get(&self, exchange: &mut Exchange) -> Result<T, Failure> {
        match self {
            Setting::Constant(value) => Ok(value.clone()),
            Setting::Expression(evaluated) => {
                let value = evaluated.value(exchange)?;
                T::from_value(&value)
                    .and_then(|value| value.ok_or_else(|| "the value is null".to_owned()))
                    .map_err(|message| evaluated.unusable(message).into())
            }
        }
    }

    /// As [`Setting::get`], buffering the bodies the expression reads.
    ///
    /// # Errors
    /// As [`Setting::get`].
    pub async fn get_buffering(&self, exchange: &mut Exchange) -> Result<T, PolicyError> {
        let (needs, source) = Needs::of(self);
        buffering(exchange, needs, source, |exchange| self.get(exchange)).await
    }
}

/// The value of a setting that may be absent; null stands for absent.
///
/// # Errors
/// As [`Setting::get_optional`].
pub fn optional<T: FromValue + Clone>(
    setting: &Option<Setting<T>>,
    exchange: &mut Exchange,
) -> Result<Option<T>, Failure> {
    match setting {
        None => Ok(None),
        Some(setting) => setting.get_optional(exchange),
    }
}

/// Text from a document or an expression.
pub enum Text<'a> {
    /// From the document.
    Borrowed(&'a Arc<str>),
    /// From an expression.
    Owned(Arc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Owned(text) => text,
        }
    }
}

impl Setting<Arc<str>> {
    /// The text now; null is the empty text.
    ///
    /// # Errors
    /// An exception, or a body must be buffered first.
    pub fn text(&self, exchange: &mut Exchange) -> Result<Text<'_>, Failure> {
        match self {
            Setting::Constant(text) => Ok(Text::Borrowed(text)),
            Setting::Expression(evaluated) => {
                let value = evaluated.value(exchange)?;
                Ok(Text::Owned(text_of(evaluated, &value)?))
            }
        }
    }
}

fn text_of(evaluated: &Evaluated, value: &Value) -> Result<Arc<str>, PolicyError> {
    let text = convert::to_text(value).map_err(|error| evaluated.unusable(error))?;
    Ok(text.map_or_else(|| Arc::from(""), |text| text.to_arc()))
}

/// A value of any type: literal text, or what an expression yields.
pub enum AnyValue {
    /// From the document.
    Literal(Arc<str>),
    /// Evaluated.
    Expression(Box<Evaluated>),
}

impl AnyValue {
    /// The value now.
    ///
    /// # Errors
    /// An exception, or a body must be buffered first.
    pub fn get(&self, exchange: &mut Exchange) -> Result<Value, Failure> {
        match self {
            AnyValue::Literal(text) => Ok(Value::from(text.clone())),
            AnyValue::Expression(evaluated) => evaluated.value(exchange),
        }
    }

    /// As [`AnyValue::get`], buffering the bodies the expression reads.
    ///
    /// # Errors
    /// An exception, or a body that cannot be buffered.
    pub async fn get_buffering(&self, exchange: &mut Exchange) -> Result<Value, PolicyError> {
        let (needs, source) = Needs::of(self);
        buffering(exchange, needs, source, |exchange| self.get(exchange)).await
    }
}

/// A message body: literal bytes, or what an expression yields.
pub enum BodyValue {
    /// From the document.
    Literal(Bytes),
    /// Evaluated.
    Expression(Box<Evaluated>),
}

impl BodyValue {
    /// The body now; null is an empty body.
    ///
    /// # Errors
    /// An exception, or a body must be buffered first.
    pub fn get(&self, exchange: &mut Exchange) -> Result<Bytes, Failure> {
        match self {
            BodyValue::Literal(bytes) => Ok(bytes.clone()),
            BodyValue::Expression(evaluated) => {
                let value = evaluated.value(exchange)?;
                let bytes = convert::to_body(&value).map_err(|error| evaluated.unusable(error))?;
                Ok(bytes.unwrap_or_default())
            }
        }
    }
}

/// What the expressions of a statement need, to choose its [`Mode`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Needs {
    reads_request: bool,
    reads_response: bool,
    mutates: bool,
}

impl Needs {
    /// What one value needs, and the policy that it belongs to.
    fn of(value: &dyn HasExpression) -> (Self, &'static str) {
        let source = value.evaluated().map_or("", |evaluated| evaluated.source);
        (Self::default().and(value), source)
    }

    /// Takes one more value into account.
    #[must_use]
    pub fn and(mut self, value: &dyn HasExpression) -> Self {
        if let Some(evaluated) = value.evaluated() {
            let effects = evaluated.expression.effects();
            self.reads_request |= effects.reads_request_body;
            self.reads_response |= effects.reads_response_body;
            self.mutates |= effects.mutates;
        }
        self
    }

    /// Takes an optional value into account.
    #[must_use]
    pub fn and_optional<T: HasExpression>(self, value: &Option<T>) -> Self {
        match value {
            Some(value) => self.and(value),
            None => self,
        }
    }

    /// Takes several into account.
    #[must_use]
    pub fn and_all<'a, T: HasExpression + 'a>(
        self,
        values: impl IntoIterator<Item = &'a T>,
    ) -> Self {
        values
            .into_iter()
            .fold(self, |needs, value| needs.and(value))
    }

    /// Whether some expression reads a body.
    pub fn reads_body(self) -> bool {
        self.reads_request || self.reads_response
    }

    /// Which bodies must be in memory before the first evaluation: an evaluation that stops for a body is repeated, so
    /// none of its expressions may have changed anything by then. Reading one body may consume it, which is a change too.
    fn buffer_first(self) -> (bool, bool) {
        let first = self.mutates || (self.reads_request && self.reads_response);
        (first && self.reads_request, first && self.reads_response)
    }

    /// The mode of a policy that itself never waits.
    pub fn mode(self) -> Mode {
        if self.reads_body() {
            let (request_first, response_first) = self.buffer_first();
            Mode::ReadsBody {
                request_first,
                response_first,
            }
        } else {
            Mode::Immediate
        }
    }
}

/// A value that may hold an expression.
pub trait HasExpression {
    /// The expression, if it is one.
    fn evaluated(&self) -> Option<&Evaluated>;
}

impl<T> HasExpression for Setting<T> {
    fn evaluated(&self) -> Option<&Evaluated> {
        match self {
            Setting::Constant(_) => None,
            Setting::Expression(evaluated) => Some(evaluated),
        }
    }
}

impl HasExpression for AnyValue {
    fn evaluated(&self) -> Option<&Evaluated> {
        match self {
            AnyValue::Literal(_) => None,
            AnyValue::Expression(evaluated) => Some(evaluated),
        }
    }
}

impl HasExpression for BodyValue {
    fn evaluated(&self) -> Option<&Evaluated> {
        match self {
            BodyValue::Literal(_) => None,
            BodyValue::Expression(evaluated) => Some(evaluated),
        }
    }
}
