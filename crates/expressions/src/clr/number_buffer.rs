//! The decimal digits of a number on their way to text: `0.d1d2d3… × 10^scale` with a sign.
//!
//! Integers, decimals and binary floats flow in; the standard and custom formatters read digits out. Never holds leading
//! zeros; trailing zeros only where they are significant (decimals).

use rust_decimal::Decimal;

/// Which family of number the digits came from; some rules of .NET depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberKind {
    Integer,
    Decimal,
    Float,
}

/// Digits, decimal exponent and sign of a finite number.
#[derive(Debug, Clone)]
pub(crate) struct NumberBuffer {
    /// ASCII digits; empty for zero (except decimals, whose zero keeps its scale).
    pub digits: Vec<u8>,
    /// Position of the decimal point relative to the first digit.
    pub scale: i32,
    pub negative: bool,
    pub kind: NumberKind,
}

impl NumberBuffer {
    /// Digits of an integer given as sign and magnitude.
    pub fn from_integer(negative: bool, magnitude: u64) -> Self {
        let digits = if magnitude == 0 {
            Vec::new()
        } else {
            magnitude.to_string().into_bytes()
        };
        let scale = digits.len() as i32;
        let mut buffer = Self {
            digits,
            scale,
            negative,
            kind: NumberKind::Integer,
        };
        buffer.trim_trailing_zeros();
        buffer
    }

    /// Digits of a decimal, trailing zeros kept.
    pub fn from_decimal(value: Decimal) -> Self {
        let mantissa = value.mantissa().unsigned_abs();
        let digits = if mantissa == 0 {
            Vec::new()
        } else {
            mantissa.to_string().into_bytes()
        };
        let scale = digits.len() as i32 - value.scale() as i32;
        Self {
            digits,
            scale,
            negative: value.is_sign_negative(),
            kind: NumberKind::Decimal,
        }
    }

    /// The fewest digits that lie nearer to this double than to any other.
    pub fn shortest_f64(value: f64) -> Self {
        let own = value.abs();
        let around = [own.next_down(), own, own.next_up()].map(whole);
        Self::shortest(&own, value.is_sign_negative(), around)
    }

    /// The fewest digits that lie nearer to this float than to any other.
    pub fn shortest_f32(value: f32) -> Self {
        let own = value.abs();
        let around = [own.next_down(), own, own.next_up()].map(|part| whole(part.into()));
        Self::shortest(&own, value.is_sign_negative(), around)
    }

    /// Rust's shortest text may lie exactly between two numbers, where reading decides for the even one (`50331650` for
    /// 50331648). .NET takes more digits then. Only large whole numbers come into that: `around` are the number and its
    /// neighbours, where they are.
    fn shortest(
        value: &impl std::fmt::LowerExp,
        negative: bool,
        around: [Option<u128>; 3],
    ) -> Self {
        let mut buffer = Self::from_scientific(&format!("{value:e}"), negative);
        let [Some(below), Some(own), Some(above)] = around else {
            return buffer;
        };
        let between = [below.midpoint(own), own.midpoint(above)];
        // The exact number has no more digits than this.
        for places in buffer.digits.len()..40 {
            if !buffer.as_whole().is_some_and(|n| between.contains(&n)) {
                break;
            }
            buffer = Self::from_scientific(&format!("{value:.places$e}"), negative);
        }
        buffer
    }

    /// The number itself, if it is a whole one.
    fn as_whole(&self) -> Option<u128> {
        let zeros = u32::try_from(self.scale - self.digits.len() as i32).ok()?;
        let digits = self.digits.iter().try_fold(0u128, |all, digit| {
            all.checked_mul(10)?.checked_add((digit - b'0').into())
        })?;
        digits.checked_mul(10u128.checked_pow(zeros)?)
    }

    fn from_scientific(text: &str, negative: bool) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        let scale = exponent.parse::<i32>().unwrap_or(0) + 1;
        let mut buffer = Self {
            digits,
            scale,
            negative,
            kind: NumberKind::Float,
        };
        buffer.trim_leading_zeros();
        buffer.trim_trailing_zeros();
        buffer
    }

    /// Every digit of the exact binary value.
    pub fn exact(value: f64) -> Self {
        let magnitude = value.abs();
        // A double is m × 2^e with odd m: for negative e it has exactly -e fraction digits.
        let bits = magnitude.to_bits();
        let raw_exponent = (bits >> 52) as i32 & 0x7ff;
        let fraction = bits & ((1 << 52) - 1);
        let (significand, exponent) = if raw_exponent == 0 {
            (fraction, -1074)
        } else {
            (fraction | (1 << 52), raw_exponent - 1075)
        };
        let odd_exponent = if significand == 0 {
            0
        } else {
            exponent + significand.trailing_zeros() as i32
        };
        let places = usize::try_from(-odd_exponent).unwrap_or(0);
        let text = format!("{magnitude:.places$}");
        let point = text.find('.').unwrap_or(text.len());
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
        let mut buffer = Self {
            digits,
            scale: point as i32,
            negative: value.is_sign_negative(),
            kind: NumberKind::Float,
        };
        buffer.trim_leading_zeros();
        buffer.trim_trailing_zeros();
        buffer
    }

    /// Whether no digit is left but zero.
    pub fn is_zero(&self) -> bool {
        self.digits.iter().all(|d| *d == b'0')
    }

    /// The digit at an index, `0` beyond the last.
    pub fn digit(&self, index: i32) -> u8 {
        usize::try_from(index)
            .ok()
            .and_then(|i| self.digits.get(i))
            .copied()
            .unwrap_or(b'0')
    }

    fn trim_trailing_zeros(&mut self) {
        while self.digits.last() == Some(&b'0') {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            self.scale = 0;
        }
    }

    fn trim_leading_zeros(&mut self) {
        let zeros = self.digits.iter().take_while(|d| **d == b'0').count();
        self.digits.drain(..zeros);
        self.scale = if self.digits.is_empty() {
            0
        } else {
            self.scale - zeros as i32
        };
    }

    /// Rounds half away from zero to `position` digits counted from the first, then drops trailing zeros. The digits
    /// are exact, so this is the one place that decides exact midpoints (`2.5` with `F0`): .NET Framework and .NET 5
    /// and later print `3`, only .NET Core 3 printed `2`.
    pub fn round(&mut self, position: i32) {
        let keep = usize::try_from(position.max(0)).unwrap_or(0);
        let round_up = position >= 0 && self.digits.get(keep).is_some_and(|d| *d >= b'5');
        self.digits.truncate(keep);
        if round_up {
            loop {
                match self.digits.pop() {
                    Some(b'9') => {}
                    Some(digit) => {
                        self.digits.push(digit + 1);
                        break;
                    }
                    None => {
                        self.digits.push(b'1');
                        self.scale += 1;
                        break;
                    }
                }
            }
        }
        while self.digits.last() == Some(&b'0') {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            self.scale = 0;
            // Only IEEE numbers know a negative zero.
            if self.kind != NumberKind::Float {
                self.negative = false;
            }
        }
    }
}

/// A large whole number, exactly; small ones have all their digits anyway.
fn whole(value: f64) -> Option<u128> {
    (16_777_216.0..1e36)
        .contains(&value)
        .then_some(value as u128)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(buffer: &NumberBuffer) -> (String, i32) {
        (
            String::from_utf8_lossy(&buffer.digits).into_owned(),
            buffer.scale,
        )
    }

    #[test]
    fn exact_digits_are_the_binary_value() {
        assert_eq!(text(&NumberBuffer::exact(0.125)), ("125".into(), 0));
        assert_eq!(text(&NumberBuffer::exact(1e22)), ("1".into(), 23));
        assert!(
            text(&NumberBuffer::exact(1.005))
                .0
                .starts_with("100499999999999989")
        );
        assert_eq!(text(&NumberBuffer::exact(0.0)), (String::new(), 0));
        assert_eq!(NumberBuffer::exact(5e-324).scale, -323);
    }

    #[test]
    fn shortest_digits_lie_between_no_two_numbers() {
        for (value, digits) in [
            (50_331_648f32, "50331648"),
            (201_326_592f32, "20132659"),
            (100_663_296f32, "100663296"),
            (16_777_216f32, "16777216"),
            (0.1f32, "1"),
        ] {
            assert_eq!(text(&NumberBuffer::shortest_f32(value)).0, digits);
        }
    }

    #[test]
    fn rounding_carries_into_a_new_digit() {
        let mut number = NumberBuffer::exact(9.96);
        number.round(2);
        assert_eq!(text(&number), ("1".into(), 2));
        let mut small = NumberBuffer::exact(0.004);
        small.round(-1);
        assert!(small.is_zero());
    }
}
