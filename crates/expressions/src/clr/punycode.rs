//! Host names outside ASCII as DNS knows them (RFC 3492).
//!
//! A host name flows in, one of ASCII labels flows out.

use super::case;

const BASE: u32 = 36;
const LEAST: u32 = 1;
const MOST: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const FIRST_BIAS: u32 = 72;
const FIRST: u32 = 128;

/// Every label that needs it as `xn--…`, in lower case; a name that has no such form stays.
pub(super) fn to_ascii(host: &str) -> String {
    let labels = host.split('.').map(|label| {
        if label.is_ascii() {
            return Some(label.to_owned());
        }
        // IDNA of 2003, which .NET follows, has no final sigma and no sharp s.
        let mapped = case::lower(label).replace('ς', "σ").replace('ß', "ss");
        if mapped.is_ascii() {
            return Some(mapped);
        }
        encode(&mapped).map(|encoded| format!("xn--{encoded}"))
    });
    let labels: Option<Vec<String>> = labels.collect();
    labels.map_or_else(|| host.to_owned(), |labels| labels.join("."))
}

fn digit(value: u32) -> char {
    char::from_digit(value + 10, 36)
        .filter(|_| value < 26)
        .or_else(|| char::from_digit(value.wrapping_sub(26), 10))
        .unwrap_or('0')
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > ((BASE - LEAST) * MOST) / 2 {
        delta /= BASE - LEAST;
        k += BASE;
    }
    k + (BASE - LEAST + 1) * delta / (delta + SKEW)
}

fn encode(label: &str) -> Option<String> {
    let points: Vec<u32> = label.chars().map(u32::from).collect();
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(out.len()).ok()?;
    let total = u32::try_from(points.len()).ok()?;
    if basic > 0 {
        out.push('-');
    }
    let (mut next, mut delta, mut bias, mut handled) = (FIRST, 0u32, FIRST_BIAS, basic);
    while handled < total {
        let least = points.iter().copied().filter(|p| *p >= next).min()?;
        delta = delta.checked_add((least - next).checked_mul(handled + 1)?)?;
        next = least;
        for point in &points {
            if *point < next {
                delta = delta.checked_add(1)?;
            }
            if *point == next {
                let mut rest = delta;
                let mut k = BASE;
                loop {
                    let threshold = k.saturating_sub(bias).clamp(LEAST, MOST);
                    if rest < threshold {
                        break;
                    }
                    out.push(digit(threshold + (rest - threshold) % (BASE - threshold)));
                    rest = (rest - threshold) / (BASE - threshold);
                    k += BASE;
                }
                out.push(digit(rest));
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        next += 1;
    }
    // A label of the DNS is not longer.
    (out.len() <= 59).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::to_ascii;

    #[test]
    fn labels_outside_ascii_are_encoded() {
        for (host, ascii) in [
            ("bücher.example", "xn--bcher-kva.example"),
            ("ÀÉ", "xn--0cas"),
            ("Σς.example", "xn--4xaa.example"),
            ("日本.jp", "xn--wgv71a.jp"),
            ("straße.de", "strasse.de"),
            ("h.example", "h.example"),
        ] {
            assert_eq!(to_ascii(host), ascii);
        }
    }
}
