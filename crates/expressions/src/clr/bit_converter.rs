//! `System.BitConverter`: numbers to little-endian bytes and back, and bytes as hexadecimal text.
//!
//! Bytes and offsets flow in, fixed-size groups of bytes, text or .NET exceptions flow out.

use super::{Error, Result};

/// The `N` bytes from `start`, for `BitConverter.ToInt32(value, startIndex)` and its relatives.
///
/// # Errors
/// `ArgumentOutOfRangeException` for a start outside the array, `ArgumentException` when too few bytes follow.
pub fn take<const N: usize>(bytes: &[u8], start: i32) -> Result<[u8; N]> {
    let at = usize::try_from(start).ok().filter(|at| *at < bytes.len()).ok_or_else(|| {
        Error::out_of_range(
            "Index was out of range. Must be non-negative and less than the size of the collection.",
            Some("startIndex"),
        )
    })?;
    bytes.get(at..).and_then(|rest| rest.first_chunk::<N>()).copied().ok_or_else(|| {
        Error::argument(
            "Destination array is not long enough to copy all the items in the collection. Check array index and length.",
            Some("value"),
        )
    })
}

/// `BitConverter.ToString(value, startIndex, length)`: `01-AB`.
///
/// # Errors
/// `ArgumentOutOfRangeException`, `ArgumentException` for a range outside the array.
pub fn to_text(bytes: &[u8], start: i32, length: i32) -> Result<String> {
    let out_of_range = |parameter| {
        Error::out_of_range(
            if parameter == "length" {
                "Value must be positive."
            } else {
                "Index was out of range. Must be non-negative and less than the size of the collection."
            },
            Some(parameter),
        )
    };
    let at = usize::try_from(start)
        .ok()
        .filter(|at| *at < bytes.len() || *at == 0)
        .ok_or_else(|| out_of_range("startIndex"))?;
    let count = usize::try_from(length).map_err(|_| out_of_range("length"))?;
    let end = at.checked_add(count);
    let range = end.and_then(|end| bytes.get(at..end)).ok_or_else(|| {
        Error::argument(
            "Destination array is not long enough to copy all the items in the collection. Check array index and length.",
            Some("value"),
        )
    })?;
    let mut out = String::with_capacity(range.len() * 3);
    for (index, byte) in range.iter().enumerate() {
        if index > 0 {
            out.push('-');
        }
        out.push_str(&format!("{byte:02X}"));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::ErrorKind;

    #[test]
    fn ranges_are_checked_like_dotnet() {
        assert_eq!(take::<4>(&[1, 0, 0, 0], 0).map(i32::from_le_bytes), Ok(1));
        assert_eq!(take::<4>(&[1, 0], 0).unwrap_err().kind, ErrorKind::Argument);
        assert_eq!(
            take::<4>(&[1, 0], 2).unwrap_err().kind,
            ErrorKind::ArgumentOutOfRange
        );
        assert_eq!(
            take::<1>(&[1], -1).unwrap_err().kind,
            ErrorKind::ArgumentOutOfRange
        );
        assert_eq!(to_text(&[1, 171], 0, 2).as_deref(), Ok("01-AB"));
        assert_eq!(to_text(&[], 0, 0).as_deref(), Ok(""));
        assert_eq!(to_text(&[1], 0, 2).unwrap_err().kind, ErrorKind::Argument);
        assert_eq!(
            to_text(&[1], 0, -1).unwrap_err().kind,
            ErrorKind::ArgumentOutOfRange
        );
    }
}
