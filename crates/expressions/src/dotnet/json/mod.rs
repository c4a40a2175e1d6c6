//! Json.NET's types: bindings of [`crate::json`].

use crate::json::{JToken, TokenType};
use crate::types::{Type, known};
use crate::value::Object;

impl Object for JToken {
    fn type_of(&self) -> Type {
        Type::Named(
            match self.token_type() {
                TokenType::Object => known::JOBJECT,
                TokenType::Array => known::JARRAY,
                _ => known::JVALUE,
            },
            None,
        )
    }
}
