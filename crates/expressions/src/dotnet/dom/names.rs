//! Names of elements and attributes, which `XmlDocument` checks less than LINQ to XML: they may begin with a digit.

use crate::runtime::{Call, Fault, R};
use crate::value::Str;
use crate::xml::{self, Name};

/// Argument `index` as a name to take apart: null is a `NullReferenceException`.
pub(super) fn written(c: &Call<'_, '_>, index: usize) -> R<Str> {
    c.opt_str(index)?.ok_or_else(Fault::null_reference)
}

/// A prefix or a local name has no other characters than names have.
pub(super) fn check_part(text: &Str) -> R<()> {
    match text.to_utf8().chars().find(|c| !xml::is_name_char(*c)) {
        None => Ok(()),
        Some(bad) => Err(Fault::new(
            "System.Xml.XmlException",
            format!(
                "The '{bad}' character, hexadecimal value 0x{:02X}, cannot be included in a name.",
                u32::from(bad)
            ),
        )),
    }
}

/// A name of these parts. `XmlException` where a character does not belong in names.
pub(super) fn node_name(local: Str, namespace: Str) -> R<Name> {
    check_part(&local)?;
    if local.is_empty() {
        return Err(Fault::argument(
            "The local name for elements or attributes cannot be null or an empty string.",
            "",
        ));
    }
    Ok(Name { local, namespace })
}
