//! Properties of the whole folder: no text and no format makes an algorithm panic, and what is written reads back.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::compare::{StringComparison, compare};
use super::datetime::{DateTime, DateTimeKind};
use super::datetime_format::{format_datetime, format_datetimeoffset};
use super::datetime_parse::{DateTimeStyles, parse_datetime, parse_datetimeoffset};
use super::datetime_parse_exact::parse_datetime_exact;
use super::datetimeoffset::DateTimeOffset;
use super::encoding::Encoding;
use super::number_format::{Number, double_text, float_text, format_number};
use super::number_parse::{
    IntegerType, NumberStyles, parse_bool, parse_decimal, parse_f32, parse_f64, parse_integer,
};
use super::timespan::TimeSpan;
use super::uri::{Uri, UriKind};
use super::{
    case, composite_format, convert, decimal, guid, html, ip_address, timespan_parse, uri_escape,
};

/// Text made of what the parsers look for, so that it gets deep into them.
fn number_like() -> impl Strategy<Value = String> {
    "[-+ 0-9.,eEx()¤%a-f:/TZ ]{0,40}"
}

fn format_like() -> impl Strategy<Value = String> {
    "[0#.,%‰eE+;'\"\\\\dfFghHmMstyzKXNPCGR{}:/ -]{0,24}"
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in prop_oneof![number_like(), any::<String>()], styles in 0u32..0x400) {
        let styles = NumberStyles(styles);
        let _ = parse_integer(&text, IntegerType::Int32, styles);
        let _ = parse_f64(&text, styles);
        let _ = parse_f32(&text, styles);
        let _ = parse_decimal(&text, styles);
        let _ = parse_bool(&text);
        let _ = parse_datetime(&text, DateTimeStyles(styles.0 & 0xff), 0);
        let _ = parse_datetimeoffset(&text, DateTimeStyles::NONE, 0);
        let _ = timespan_parse::parse(&text);
        let _ = guid::parse(&text);
        let _ = ip_address::parse(&text);
        let _ = convert::from_base64(&text);
        let _ = html::decode(&html::encode(&text));
        let _ = uri_escape::unescape_data(&text);
        for base in [2, 8, 10, 16] {
            let _ = convert::parse_in_base(&text, base, IntegerType::Int64);
        }
        if let Ok(uri) = Uri::parse(&text, UriKind::RelativeOrAbsolute) {
            let _ = uri.display();
            let _ = uri.is_well_formed();
            let base = Uri::parse("https://h/a/b", UriKind::Absolute).expect("a plain address");
            let _ = Uri::join(&base, &text);
        }
    }

    #[test]
    fn no_format_makes_a_formatter_panic(format in prop_oneof![format_like(), any::<String>()], bits in any::<u64>(), text in any::<String>()) {
        let double = f64::from_bits(bits);
        for number in [Number::F64(double), Number::F32(double as f32), Number::I64(bits.cast_signed()), Number::U8(bits as u8)] {
            let _ = format_number(number, &format);
        }
        let time = DateTime::clamped((bits >> 2).cast_signed(), DateTimeKind::Utc);
        let _ = format_datetime(time, &format);
        let _ = format_datetimeoffset(DateTimeOffset::from_datetime(time), &format);
        let _ = parse_datetime_exact(&text, &[&format], DateTimeStyles::NONE, 0);
        let _ = TimeSpan(bits.cast_signed()).format(&format);
        let _ = timespan_parse::parse_exact(&text, &format);
        let _ = guid::format(uuid::Uuid::from_u64_pair(bits, bits), &format);
        let _ = composite_format::parse(&format);
    }

    #[test]
    fn binary_floats_read_back_from_their_text(bits in any::<u64>()) {
        let double = f64::from_bits(bits);
        let read = parse_f64(&double_text(double), NumberStyles::FLOAT_AND_THOUSANDS);
        prop_assert!(read.is_ok_and(|r| r.to_bits() == double.to_bits() || (r.is_nan() && double.is_nan())));
        let float = f32::from_bits(bits as u32);
        let read = parse_f32(&float_text(float), NumberStyles::FLOAT_AND_THOUSANDS);
        prop_assert!(read.is_ok_and(|r| r.to_bits() == float.to_bits() || (r.is_nan() && float.is_nan())));
    }

    #[test]
    fn times_and_spans_read_back_from_their_text(ticks in 0i64..=3_155_378_975_999_999_999, span in any::<i64>()) {
        let time = DateTime::clamped(ticks, DateTimeKind::Utc);
        let text = format_datetime(time, "o").expect("a standard format");
        prop_assert_eq!(parse_datetime(&text, DateTimeStyles::ROUNDTRIP_KIND, 0), Ok(time));
        prop_assert_eq!(parse_datetime_exact(&text, &["o"], DateTimeStyles::ROUNDTRIP_KIND, 0), Ok(time));
        prop_assert_eq!(timespan_parse::parse(&TimeSpan(span).to_text()), Ok(TimeSpan(span)));
    }

    #[test]
    fn decimal_division_undoes_multiplication(a in -1_000_000i64..1_000_000, b in 1i64..1_000_000, scale in 0u32..6) {
        let (a, b) = (Decimal::new(a, scale), Decimal::new(b, scale));
        let product = decimal::multiply(a, b).expect("small factors");
        prop_assert_eq!(decimal::divide(product, b), Ok(a));
        let rest = decimal::remainder(a, b).expect("a divisor above zero");
        let whole = decimal::truncate(decimal::divide(a, b).expect("a divisor above zero"));
        prop_assert_eq!(decimal::add(decimal::multiply(whole, b).expect("small factors"), rest), Ok(a));
    }

    #[test]
    fn unicode_encodings_lose_nothing(text in any::<String>()) {
        for encoding in [Encoding::Utf8 { bom: true }, Encoding::Utf16Le, Encoding::Utf16Be, Encoding::Utf32Le, Encoding::Utf32Be, Encoding::Utf7] {
            prop_assert_eq!(encoding.decode(&encoding.encode(&text)), text.clone());
        }
        prop_assert_eq!(uri_escape::unescape_data(&uri_escape::escape_data(&text)), text.clone());
        prop_assert_eq!(uri_escape::url_decode(&uri_escape::url_encode(&text)), text);
    }

    #[test]
    fn comparisons_are_orders(a in any::<String>(), b in any::<String>()) {
        for (_, comparison) in StringComparison::ALL {
            prop_assert_eq!(compare(&a, &b, comparison), compare(&b, &a, comparison).reverse());
            prop_assert!(compare(&a, &a, comparison).is_eq());
        }
        prop_assert!(compare(&a, &case::upper(&a), StringComparison::OrdinalIgnoreCase).is_eq());
    }
}
