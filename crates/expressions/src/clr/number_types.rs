//! What parsing and converting integers share: `NumberStyles` and the integer types with their bounds and words.
//!
//! Plain data and arithmetic; nothing here reads text.

use super::{Error, Result};

/// `System.Globalization.NumberStyles`, a set of flags with .NET's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NumberStyles(pub u32);

#[allow(missing_docs)] // .NET's members
impl NumberStyles {
    pub const NONE: Self = Self(0);
    pub const ALLOW_LEADING_WHITE: Self = Self(0x1);
    pub const ALLOW_TRAILING_WHITE: Self = Self(0x2);
    pub const ALLOW_LEADING_SIGN: Self = Self(0x4);
    pub const ALLOW_TRAILING_SIGN: Self = Self(0x8);
    pub const ALLOW_PARENTHESES: Self = Self(0x10);
    pub const ALLOW_DECIMAL_POINT: Self = Self(0x20);
    pub const ALLOW_THOUSANDS: Self = Self(0x40);
    pub const ALLOW_EXPONENT: Self = Self(0x80);
    pub const ALLOW_CURRENCY_SYMBOL: Self = Self(0x100);
    pub const ALLOW_HEX_SPECIFIER: Self = Self(0x200);
    pub const INTEGER: Self = Self(0x7);
    pub const NUMBER: Self = Self(0x6f);
    pub const FLOAT: Self = Self(0xa7);
    pub const CURRENCY: Self = Self(0x17f);
    pub const ANY: Self = Self(0x1ff);
    pub const HEX_NUMBER: Self = Self(0x203);
    /// What `double.Parse(text)` uses.
    pub const FLOAT_AND_THOUSANDS: Self = Self(0xe7);

    /// Every member with its .NET name.
    pub const MEMBERS: [(&'static str, Self); 17] = [
        ("None", Self::NONE),
        ("AllowLeadingWhite", Self::ALLOW_LEADING_WHITE),
        ("AllowTrailingWhite", Self::ALLOW_TRAILING_WHITE),
        ("AllowLeadingSign", Self::ALLOW_LEADING_SIGN),
        ("AllowTrailingSign", Self::ALLOW_TRAILING_SIGN),
        ("AllowParentheses", Self::ALLOW_PARENTHESES),
        ("AllowDecimalPoint", Self::ALLOW_DECIMAL_POINT),
        ("AllowThousands", Self::ALLOW_THOUSANDS),
        ("AllowExponent", Self::ALLOW_EXPONENT),
        ("AllowCurrencySymbol", Self::ALLOW_CURRENCY_SYMBOL),
        ("AllowHexSpecifier", Self::ALLOW_HEX_SPECIFIER),
        ("Integer", Self::INTEGER),
        ("HexNumber", Self::HEX_NUMBER),
        ("Number", Self::NUMBER),
        ("Float", Self::FLOAT),
        ("Currency", Self::CURRENCY),
        ("Any", Self::ANY),
    ];

    /// Whether any flag of `other` is set.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// One of .NET's integer types: its bounds and the words .NET uses for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // .NET's type names
pub enum IntegerType {
    SByte,
    Byte,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Char,
}

impl IntegerType {
    /// Smallest and largest value.
    pub const fn bounds(self) -> (i128, i128) {
        match self {
            Self::SByte => (i8::MIN as i128, i8::MAX as i128),
            Self::Byte => (0, u8::MAX as i128),
            Self::Int16 => (i16::MIN as i128, i16::MAX as i128),
            Self::UInt16 | Self::Char => (0, u16::MAX as i128),
            Self::Int32 => (i32::MIN as i128, i32::MAX as i128),
            Self::UInt32 => (0, u32::MAX as i128),
            Self::Int64 => (i64::MIN as i128, i64::MAX as i128),
            Self::UInt64 => (0, u64::MAX as i128),
        }
    }

    /// Width in bits.
    pub const fn bits(self) -> u32 {
        match self {
            Self::SByte | Self::Byte => 8,
            Self::Int16 | Self::UInt16 | Self::Char => 16,
            Self::Int32 | Self::UInt32 => 32,
            Self::Int64 | Self::UInt64 => 64,
        }
    }

    /// Whether the type has negative values.
    pub const fn signed(self) -> bool {
        matches!(self, Self::SByte | Self::Int16 | Self::Int32 | Self::Int64)
    }

    /// `OverflowException` in the words of this type.
    pub fn overflow(self) -> Error {
        let what = match self {
            Self::SByte => "a signed byte",
            Self::Byte => "an unsigned byte",
            Self::Int16 => "an Int16",
            Self::UInt16 => "a UInt16",
            Self::Int32 => "an Int32",
            Self::UInt32 => "a UInt32",
            Self::Int64 => "an Int64",
            Self::UInt64 => "a UInt64",
            Self::Char => "a character",
        };
        Error::overflow(format!(
            "Value was either too large or too small for {what}."
        ))
    }

    /// The value when it fits.
    ///
    /// # Errors
    /// `OverflowException` otherwise.
    pub fn check(self, value: i128) -> Result<i128> {
        let (min, max) = self.bounds();
        if (min..=max).contains(&value) {
            Ok(value)
        } else {
            Err(self.overflow())
        }
    }

    /// The low bits of the value, as an unchecked cast leaves them.
    pub fn wrap(self, value: i128) -> i128 {
        let mask = (1i128 << self.bits()) - 1;
        let low = value & mask;
        if self.signed() && low >> (self.bits() - 1) == 1 {
            low - (1i128 << self.bits())
        } else {
            low
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchecked_casts_wrap() {
        assert_eq!(IntegerType::SByte.wrap(200), -56);
        assert_eq!(IntegerType::Byte.wrap(-1), 255);
        assert_eq!(IntegerType::Int64.wrap(i128::from(u64::MAX)), -1);
    }
}
