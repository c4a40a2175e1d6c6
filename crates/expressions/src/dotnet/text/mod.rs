//! `System.String`, `System.Text`.

mod comparison;
mod format;

use crate::types::Types;

pub(crate) use comparison::{
    compare_culture, compare_culture_ignore_case, compare_texts, comparison, equal_texts, to_lower,
    to_upper,
};
pub(crate) use format::format_simple;

pub(super) fn define(types: &mut Types) {
    comparison::define(types);
    types
        .class("System.String")
        .base("IEnumerable<char>")
        .base("IComparable");
}
