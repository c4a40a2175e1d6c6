//! From values to tokens: `JsonConvert.SerializeObject`, `JToken.FromObject` and their relatives.

use super::content::scalar_of;
use crate::dotnet::collections::Array;
use crate::json::{JToken, Scalar, TokenType};
use crate::runtime::{Fault, R, Runtime};
use crate::types::{Type, known, relations};
use crate::value::{Record, Str, Value};

/// Deepest nesting of objects in objects; a structure that contains itself ends here.
const MAX_DEPTH: usize = 128;

/// What Json.NET's serializer writes for a value, as a token. Null is a JSON null.
pub(crate) fn serialize(rt: &mut Runtime<'_>, value: &Value) -> R<JToken> {
    Writer { skip_nulls: false }.token(rt, value, 0)
}

/// [`serialize`] without members that are null (`NullValueHandling.Ignore`).
pub(super) fn serialize_without_nulls(rt: &mut Runtime<'_>, value: &Value) -> R<JToken> {
    Writer { skip_nulls: true }.token(rt, value, 0)
}

struct Writer {
    skip_nulls: bool,
}

impl Writer {
    fn token(&self, rt: &mut Runtime<'_>, value: &Value, depth: usize) -> R<JToken> {
        rt.tick()?;
        rt.allocate(64)?;
        if depth > MAX_DEPTH {
            return Err(Fault::new(
                "Newtonsoft.Json.JsonSerializationException",
                "Self referencing loop detected: the object is nested too deeply.",
            ));
        }
        if let Value::Json(token) = value {
            // The copy keeps the caller's token out of the new tree.
            return Ok(token.deep_clone());
        }
        if let Some(scalar) = scalar_of(value) {
            return Ok(match scalar {
                // Characters are strings in JSON; `JValue(object)` alone refuses them.
                Scalar::Char(unit) => {
                    JToken::typed_value(TokenType::String, Scalar::String(Str::from_unit(unit)))
                }
                scalar => JToken::new_value(scalar)?,
            });
        }
        if let Some(record) = value.as_object::<Record>() {
            return self.record(rt, record, depth);
        }
        let ty = value.type_of();
        let is_dictionary = relations::as_super(&ty, known::IDICTIONARY).is_some()
            || relations::as_super(&ty, known::IREADONLY_DICTIONARY).is_some();
        if is_dictionary {
            return self.dictionary(rt, value, depth);
        }
        if relations::element_type(&ty).is_some() {
            let columns = value.as_object::<Array>().and_then(|array| array.columns);
            let array = JToken::new_array();
            // Of two dimensions: an array of rows.
            let mut row = None;
            let mut elements = rt.iterate(value)?;
            while let Some(element) = elements.next(rt)? {
                let item = self.token(rt, &element, depth + 1)?;
                match columns {
                    None => array.add(Some(&item))?,
                    Some(columns) => {
                        let open = row.get_or_insert_with(JToken::new_array);
                        open.add(Some(&item))?;
                        if open.count() == columns {
                            array.add(row.take().as_ref())?;
                        }
                    }
                }
            }
            return Ok(array);
        }
        self.members(rt, value, &ty, depth)
    }

    fn put(
        &self,
        rt: &mut Runtime<'_>,
        object: &JToken,
        name: Str,
        value: &Value,
        depth: usize,
    ) -> R<()> {
        if self.skip_nulls && value.is_null() {
            return Ok(());
        }
        let token = self.token(rt, value, depth + 1)?;
        Ok(object.set(&name, Some(&token))?)
    }

    fn record(&self, rt: &mut Runtime<'_>, record: &Record, depth: usize) -> R<JToken> {
        let object = JToken::new_object();
        let fields = record.fields.borrow().clone();
        for (at, field) in fields.iter().enumerate() {
            let name = match (&record.ty, at) {
                (Type::Anonymous(names), _) => names.get(at).map(|(name, _)| Str::from(&**name)),
                (ty, 0) if ty.is(known::KEY_VALUE_PAIR) => Some(Str::literal("Key")),
                (ty, 1) if ty.is(known::KEY_VALUE_PAIR) => Some(Str::literal("Value")),
                _ => None,
            };
            let name = name.unwrap_or_else(|| format!("Item{}", at + 1).into());
            self.put(rt, &object, name, field, depth)?;
        }
        Ok(object)
    }

    fn dictionary(&self, rt: &mut Runtime<'_>, value: &Value, depth: usize) -> R<JToken> {
        let object = JToken::new_object();
        let mut entries = rt.iterate(value)?;
        while let Some(entry) = entries.next(rt)? {
            let Some(pair) = entry.as_object::<Record>() else {
                continue;
            };
            let name = rt.to_text(&pair.get(0))?;
            self.put(rt, &object, name, &pair.get(1), depth)?;
        }
        Ok(object)
    }

    /// An object of any other class by its public properties.
    fn members(&self, rt: &mut Runtime<'_>, value: &Value, ty: &Type, depth: usize) -> R<JToken> {
        let object = JToken::new_object();
        // The most general class first, as Json.NET orders members; interfaces stand for the parts of `context`.
        let mut classes: Vec<Type> = if ty.is_interface() {
            relations::supertypes(ty)
        } else {
            std::iter::successors(Some(ty.clone()), relations::base_class).collect()
        };
        classes.reverse();
        let mut any = false;
        for class in &classes {
            let Some(def) = class.def() else { continue };
            for member in def
                .of_kind(crate::types::MemberKind::Property)
                .filter(|member| !member.is_static)
            {
                any = true;
                let mut args = [value.clone()];
                let mut call = crate::runtime::Call {
                    rt,
                    args: &mut args,
                    types: class.args(),
                    member,
                };
                let content = (member.run)(&mut call)?;
                self.put(rt, &object, Str::from(&*member.name), &content, depth)?;
            }
        }
        if any || *ty == Type::OBJECT {
            return Ok(object);
        }
        Err(Fault::new(
            "Newtonsoft.Json.JsonSerializationException",
            format!(
                "An object of type '{}' has nothing that can be serialized.",
                ty.full_name()
            ),
        ))
    }
}
