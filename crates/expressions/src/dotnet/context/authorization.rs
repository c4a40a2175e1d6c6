//! `Authorization`: what `get-authorization-context` stores in a variable.

use super::named;
use crate::dotnet::collections::{Dictionary, KeyComparer};
use crate::runtime::{Call, R};
use crate::types::{Type, Types};
use crate::value::{Object, Str, Value};

const NAME: &str = "Tidegate.Authorization";

/// A token of an authorization provider with its claims.
pub struct AuthorizationObject {
    access_token: Str,
    claims: Vec<(Str, Value)>,
}

impl AuthorizationObject {
    /// The value for a token.
    #[must_use]
    pub fn value(access_token: Str, claims: Vec<(Str, Value)>) -> Value {
        Value::object(Self {
            access_token,
            claims,
        })
    }
}

impl Object for AuthorizationObject {
    fn type_of(&self) -> Type {
        named(NAME)
    }
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class(NAME);
    t.property("string AccessToken", |c: &mut Call<'_, '_>| -> R<Value> {
        let token = &c.object::<AuthorizationObject>(0)?.access_token;
        Ok(token.clone().into())
    });
    t.property("IReadOnlyDictionary<string, object> Claims", |c| {
        let authorization = c.object::<AuthorizationObject>(0)?;
        c.rt.allocate(authorization.claims.len().saturating_mul(128))?;
        let claims = Dictionary::new(Type::STRING, Type::OBJECT, KeyComparer::Ordinal);
        for (name, value) in &authorization.claims {
            claims.set(name.clone().into(), value.clone());
        }
        Ok(Value::object(claims))
    });
}
