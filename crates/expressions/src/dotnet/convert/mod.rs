//! Conversions between values, text and bytes: `Convert`, `BitConverter`, `Encoding`, `Guid`.

mod bit_converter;
mod conversions;
mod encoding;
mod guid;
mod system_convert;

pub(in crate::dotnet) use encoding::unicode_encoding;

use crate::types::Types;

pub(super) fn define(types: &mut Types) {
    system_convert::define(types);
    bit_converter::define(types);
    encoding::define(types);
    guid::define(types);
}
