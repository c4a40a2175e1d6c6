//! Custom numeric formats: `0 # . , % ‰ E0 '…' "…" \ ;`.
//!
//! Digits and a format flow in, text flows out. Any format is accepted, as in .NET: what is no placeholder is literal.

use super::number_buffer::{NumberBuffer, NumberKind};
use super::number_format::push_exponent;

/// What one section of a format asks for.
#[derive(Debug, Default)]
struct Layout {
    /// Placeholders in all.
    digits: i32,
    /// Placeholders before the decimal point.
    before_point: i32,
    /// First and one past the last position that must show a digit, counted from the first placeholder.
    first_zero: Option<i32>,
    end_zero: i32,
    grouped: bool,
    scientific: bool,
    /// Added to the number's scale: percent, per mille, scaling commas.
    scale_adjust: i32,
}

/// Formats with the section that fits the number's sign.
pub(crate) fn format_custom(mut number: NumberBuffer, format: &str) -> String {
    let sections = split_sections(format);
    let mut index = pick_section(&sections, &number);
    loop {
        let section = sections.get(index).copied().unwrap_or_default();
        let layout = measure(section);
        let mut rounded = number.clone();
        if !rounded.digits.is_empty() && !rounded.is_zero() {
            rounded.scale += layout.scale_adjust;
            let keep = if layout.scientific {
                layout.digits
            } else {
                rounded.scale + layout.digits - layout.before_point
            };
            rounded.round(keep);
            if rounded.digits.is_empty() {
                // Rounded to zero: the third section takes over where there is one.
                let zero = zero_section(&sections);
                if zero != index {
                    index = zero;
                    number = rounded;
                    continue;
                }
            }
        } else {
            rounded.digits.clear();
            rounded.scale = 0;
            if rounded.kind != NumberKind::Float {
                rounded.negative = false;
            }
        }
        return render(&rounded, section, &layout, index == 0);
    }
}

/// Cuts at every `;` outside quotes.
fn split_sections(format: &str) -> Vec<&str> {
    let mut sections = Vec::new();
    let mut start = 0;
    let mut quote = None;
    let mut chars = format.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(q), _) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '\\') => {
                chars.next();
            }
            (None, ';') => {
                sections.push(format.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    sections.push(format.get(start..).unwrap_or_default());
    sections
}

fn pick_section(sections: &[&str], number: &NumberBuffer) -> usize {
    if number.is_zero() {
        zero_section(sections)
    } else if number.negative && sections.get(1).is_some_and(|s| !s.is_empty()) {
        1
    } else {
        0
    }
}

fn zero_section(sections: &[&str]) -> usize {
    if sections.get(2).is_some_and(|s| !s.is_empty()) {
        2
    } else {
        0
    }
}

fn measure(section: &str) -> Layout {
    let mut layout = Layout::default();
    let mut point = None;
    // Commas are grouping when digits follow before the point, scaling when they end up just before it.
    let mut pending_commas: Option<(i32, i32)> = None;
    let chars: Vec<char> = section.chars().collect();
    let at = |i: usize| chars.get(i).copied();
    let mut i = 0;
    while let Some(c) = at(i) {
        i += 1;
        match c {
            '#' => layout.digits += 1,
            '0' => {
                layout.first_zero.get_or_insert(layout.digits);
                layout.digits += 1;
                layout.end_zero = layout.digits;
            }
            '.' => {
                point.get_or_insert(layout.digits);
            }
            ',' if layout.digits > 0 && point.is_none() => {
                pending_commas = match pending_commas {
                    Some((position, count)) if position == layout.digits => {
                        Some((position, count + 1))
                    }
                    Some(_) => {
                        layout.grouped = true;
                        Some((layout.digits, 1))
                    }
                    None => Some((layout.digits, 1)),
                };
            }
            '%' => layout.scale_adjust += 2,
            '‰' => layout.scale_adjust += 3,
            '\'' | '"' => {
                while let Some(q) = at(i) {
                    i += 1;
                    if q == c {
                        break;
                    }
                }
            }
            '\\' => i += 1,
            'E' | 'e' => {
                if let Some(end) = exponent_end(&chars, i) {
                    i = end;
                    layout.scientific = true;
                }
            }
            _ => {}
        }
    }
    layout.before_point = point.unwrap_or(layout.digits);
    if let Some((position, count)) = pending_commas {
        if position == layout.before_point {
            layout.scale_adjust -= count * 3;
        } else {
            layout.grouped = true;
        }
    }
    layout
}

/// Where `E0`, `E+0`, `E-00` ends, when the characters after `E` make it an exponent.
fn exponent_end(chars: &[char], mut i: usize) -> Option<usize> {
    if matches!(chars.get(i), Some('+' | '-')) {
        i += 1;
    }
    if chars.get(i) != Some(&'0') {
        return None;
    }
    while chars.get(i) == Some(&'0') {
        i += 1;
    }
    Some(i)
}

fn render(number: &NumberBuffer, section: &str, layout: &Layout, first_section: bool) -> String {
    let chars: Vec<char> = section.chars().collect();
    let at = |i: usize| chars.get(i).copied();
    let mut out = String::with_capacity(section.len() + number.digits.len());
    // A float that is or rounds to zero keeps its sign where a zero is shown at all.
    let shown = !number.digits.is_empty()
        || (number.kind == NumberKind::Float && layout.first_zero.is_some());
    if number.negative && first_section && shown {
        out.push('-');
    }

    // Positions count down from the point: `first` is the leftmost that must be written, `last` (≤ 0) the rightmost.
    let first = layout
        .first_zero
        .map_or(0, |p| (layout.before_point - p).max(0));
    let last = if layout.end_zero > layout.before_point {
        layout.before_point - layout.end_zero
    } else {
        0
    };
    let (mut position, mut extra) = if layout.scientific {
        (layout.before_point, 0)
    } else {
        (
            number.scale.max(layout.before_point),
            number.scale - layout.before_point,
        )
    };
    let mut next = 0; // index of the next digit of the number
    let mut point_written = false;
    let digit_at = |next: &mut i32| -> Option<char> {
        let digit = usize::try_from(*next)
            .ok()
            .and_then(|n| number.digits.get(n))
            .copied();
        if digit.is_some() {
            *next += 1;
        }
        digit.map(char::from)
    };

    let mut i = 0;
    while let Some(c) = at(i) {
        i += 1;
        // Digits beyond the placeholders go before the first one.
        if extra > 0 && matches!(c, '#' | '0' | '.') {
            while extra > 0 {
                out.push(digit_at(&mut next).unwrap_or('0'));
                if layout.grouped && position > 1 && (position - 1) % 3 == 0 {
                    out.push(',');
                }
                position -= 1;
                extra -= 1;
            }
        }
        match c {
            '#' | '0' => {
                let digit = if extra < 0 {
                    extra += 1;
                    (position <= first).then_some('0')
                } else {
                    digit_at(&mut next).or_else(|| (position > last).then_some('0'))
                };
                if let Some(digit) = digit {
                    out.push(digit);
                    if layout.grouped && position > 1 && (position - 1) % 3 == 0 {
                        out.push(',');
                    }
                }
                position -= 1;
            }
            '.' => {
                if position == 0
                    && !point_written
                    && (last < 0
                        || (layout.before_point < layout.digits
                            && (next as usize) < number.digits.len()))
                {
                    out.push('.');
                    point_written = true;
                }
            }
            ',' => {}
            '\'' | '"' => {
                while let Some(q) = at(i) {
                    i += 1;
                    if q == c {
                        break;
                    }
                    out.push(q);
                }
            }
            '\\' => {
                if let Some(literal) = at(i) {
                    out.push(literal);
                    i += 1;
                }
            }
            'E' | 'e' => match exponent_end(&chars, i) {
                Some(end) => {
                    let plus = at(i) == Some('+');
                    let zeros = chars
                        .get(i..end)
                        .map_or(0, |s| s.iter().filter(|c| **c == '0').count());
                    let power = if number.digits.is_empty() {
                        0
                    } else {
                        number.scale - layout.before_point
                    };
                    push_exponent(&mut out, power, c, zeros.min(10), plus);
                    i = end;
                }
                None => out.push(c),
            },
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::clr::number_format::{Number, format_number};
    use rust_decimal::Decimal;

    fn f(value: impl Into<Number>, format: &str) -> String {
        format_number(value.into(), format).unwrap_or_else(|e| e.to_string())
    }

    #[test]
    fn placeholders_show_or_hide_zeros() {
        assert_eq!(f(1234567, "#,##0"), "1,234,567");
        assert_eq!(f(5, "#,##0"), "5");
        assert_eq!(f(1234.5, "0.00"), "1234.50");
        assert_eq!(f(0.5, "#.##"), ".5");
        assert_eq!(f(1.0, "0.##"), "1");
        assert_eq!(f(12, "000"), "012");
        assert_eq!(f(0, "#"), "");
        assert_eq!(f(-0.5, "0.00"), "-0.50");
        assert_eq!(f(1234.567, "#,##0.0"), "1,234.6");
        assert_eq!(f(Decimal::new(125, 1), "0.00"), "12.50");
        assert_eq!(f(0.05, "#.#0"), ".05");
        assert_eq!(f(1.2, "00.00"), "01.20");
    }

    #[test]
    fn sections_are_chosen_by_sign() {
        assert_eq!(f(5, "00;(00);zero"), "05");
        assert_eq!(f(-5, "00;(00);zero"), "(05)");
        assert_eq!(f(0, "00;(00);zero"), "zero");
        assert_eq!(f(0.001, "0.0;-0.0;nil"), "nil");
        assert_eq!(f(-5, "0;;z"), "-5");
    }

    #[test]
    fn percent_scaling_exponent_and_literals() {
        assert_eq!(f(0.256, "0.0%"), "25.6%");
        assert_eq!(f(1234567, "0,,.00"), "1.23");
        assert_eq!(f(1234567, "#,##0,"), "1,235");
        assert_eq!(f(12345.0, "0.00E+00"), "1.23E+04");
        assert_eq!(f(0.00012, "0.0e0"), "1.2e-4");
        assert_eq!(f(5, "'n='0"), "n=5");
        assert_eq!(f(5, "\\#0"), "#5");
        assert_eq!(f(12, "0-0"), "1-2");
        assert_eq!(f(123, "0-0"), "12-3");
        assert_eq!(f(5, "abc"), "abc");
    }
}
