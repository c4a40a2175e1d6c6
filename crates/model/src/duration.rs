//! ISO 8601 durations, as the management API writes them (`PT10S`, `PT1M`, `P1DT12H`).

use std::time::Duration;

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationError {
    /// It does not have the form `P[nW][nD][T[nH][nM][nS]]`.
    Syntax,
    /// It counts in years or months, whose length varies.
    Calendar,
    /// It is longer than any duration this program can hold.
    TooLong,
}

impl std::error::Error for DurationError {}

impl std::fmt::Display for DurationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            DurationError::Syntax => "is not an ISO 8601 duration such as PT10S, PT1M or P1D",
            DurationError::Calendar => "must not count in years or months; use days",
            DurationError::TooLong => "is too long",
        })
    }
}

/// Reads an ISO 8601 duration. Fractions are allowed in the seconds; years and months are not.
///
/// # Errors
/// The text is no such duration.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(tidegate_model::parse_iso8601("PT1M30.5S"), Ok(Duration::from_millis(90_500)));
/// ```
pub fn parse_iso8601(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    let rest = text.strip_prefix(['P', 'p']).ok_or(DurationError::Syntax)?;
    let (date, time) = match rest.split_once(['T', 't']) {
        Some((_, "")) => return Err(DurationError::Syntax),
        Some((date, time)) => (date, time),
        None if rest.is_empty() => return Err(DurationError::Syntax),
        None => (rest, ""),
    };
    let mut total = Duration::ZERO;
    total = add_components(total, date, &[('W', 604_800), ('D', 86_400)])?;
    add_components(total, time, &[('H', 3_600), ('M', 60), ('S', 1)])
}

/// Adds the components of one half; each designator at most once and in order.
fn add_components(
    mut total: Duration,
    mut text: &str,
    designators: &[(char, u64)],
) -> Result<Duration, DurationError> {
    let mut allowed = designators;
    while !text.is_empty() {
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')
            .ok_or(DurationError::Syntax)?;
        let (number, tail) = text.split_at(end);
        let mut chars = tail.chars();
        let designator = chars
            .next()
            .ok_or(DurationError::Syntax)?
            .to_ascii_uppercase();
        text = chars.as_str();
        let Some(position) = allowed.iter().position(|(name, _)| *name == designator) else {
            let calendar =
                designators.iter().any(|(name, _)| *name == 'D') && matches!(designator, 'Y' | 'M');
            return Err(if calendar {
                DurationError::Calendar
            } else {
                DurationError::Syntax
            });
        };
        let (name, seconds) = allowed
            .get(position)
            .copied()
            .ok_or(DurationError::Syntax)?;
        allowed = allowed.get(position + 1..).unwrap_or_default();
        let (whole, fraction) = match number.split_once(['.', ',']) {
            Some((whole, fraction)) if name == 'S' && !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(DurationError::Syntax),
            None => (number, ""),
        };
        if whole.is_empty() {
            return Err(DurationError::Syntax);
        }
        let whole: u64 = whole.parse().map_err(|_| DurationError::TooLong)?;
        let seconds = whole.checked_mul(seconds).ok_or(DurationError::TooLong)?;
        let mut nanoseconds = 0_u32;
        let mut unit = 100_000_000_u32;
        for digit in fraction.chars() {
            let digit = digit.to_digit(10).ok_or(DurationError::Syntax)?;
            nanoseconds += digit * unit;
            unit /= 10;
        }
        total = total
            .checked_add(Duration::new(seconds, nanoseconds))
            .ok_or(DurationError::TooLong)?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_components_add_up() {
        assert_eq!(
            parse_iso8601("P1W2DT3H4M5S"),
            Ok(Duration::from_secs(
                7 * 86_400 + 2 * 86_400 + 3 * 3_600 + 4 * 60 + 5
            ))
        );
        assert_eq!(parse_iso8601("PT0S"), Ok(Duration::ZERO));
        assert_eq!(parse_iso8601(" pt10s "), Ok(Duration::from_secs(10)));
        assert_eq!(parse_iso8601("PT0.000000001S"), Ok(Duration::from_nanos(1)));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "", "P", "PT", "10", "PT10", "PTS", "PT1.5M", "PT1S1M", "P1S", "PT1M1M", "-PT1S",
            "PT.S", "PT1.S", "é",
        ] {
            assert_eq!(parse_iso8601(text), Err(DurationError::Syntax), "{text}");
        }
        assert_eq!(parse_iso8601("P1M"), Err(DurationError::Calendar));
        assert_eq!(parse_iso8601("P1Y"), Err(DurationError::Calendar));
        assert_eq!(
            parse_iso8601("PT99999999999999999999S"),
            Err(DurationError::TooLong)
        );
        assert_eq!(
            parse_iso8601("P18446744073709551615W"),
            Err(DurationError::TooLong)
        );
    }
}
