//! `System.String`, `System.Char`, `System.Text`, `System.IO`'s readers and writers of texts.

mod char;
mod comparison;
mod format;
mod formattable;
mod join;
mod readers;
mod search;
mod split;
mod string;
mod string_builder;

pub(crate) use readers::StringReader;
pub(crate) use string::{compare as compare_strings, ordinal_difference};

use crate::types::Types;

pub(crate) use comparison::{
    compare_culture, compare_culture_ignore_case, compare_texts, comparison, equal_texts, to_lower,
    to_upper,
};
pub(crate) use format::format_simple;
pub(crate) use formattable::FormattableText;

pub(super) fn define(types: &mut Types) {
    comparison::define(types);
    string::define(types);
    search::define(types);
    split::define(types);
    join::define(types);
    char::define(types);
    string_builder::define(types);
    readers::define(types);
    formattable::define(types);
}
