//! What reads text at run time, chosen by the first byte: JSON, paths, XML, formats, dates, URIs and the rest. What is
//! printed reads back as the same.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tidegate_expressions::{Expression, Stop, Target, Value, compile};
use tidegate_fuzz::{Choices, Texts, bound_memory, tight};

/// `a` is the text, `b` what stands behind the first separator. Each gives "" where all is well.
const SOURCES: &[&str] = &[
    // JSON
    r#"@{ var t = JToken.Parse(a); var s = t.ToString(Newtonsoft.Json.Formatting.None); var u = JToken.Parse(s); return (u.ToString(Newtonsoft.Json.Formatting.None) == s || s.Contains("*/")) && t.DeepClone().ToString() == t.ToString() ? "" : s; }"#,
    r#"@{ var t = JObject.Parse(a); foreach (var p in t.Descendants()) { var x = t.SelectToken(p.Path); if (!object.ReferenceEquals(x, p) && p.Type != JTokenType.Property && p.Type != JTokenType.Comment) { return p.Path; } } return ""; }"#,
    r#"@{ JsonConvert.DeserializeObject<Dictionary<string, object>>(a); return ""; }"#,
    r#"@{ var s = JsonConvert.SerializeObject(a); return JsonConvert.DeserializeObject<string>(s) == a ? "" : s; }"#,
    // Paths
    r#"@{ var t = JToken.Parse("{'a':[1,2.5,{'b':null,'a':'x'}],'c d':{'e':true,'f':[[]]}}"); t.SelectTokens(a).ToList(); t.SelectToken(a, false); return ""; }"#,
    r#"@{ var t = JToken.Parse(b); t.SelectTokens(a).ToList(); return ""; }"#,
    // XML
    r#"@{ var x = XElement.Parse(a, LoadOptions.PreserveWhitespace); var s = x.ToString(SaveOptions.DisableFormatting); var y = XElement.Parse(s, LoadOptions.PreserveWhitespace); return y.ToString(SaveOptions.DisableFormatting) == s && x.ToString().Length >= 0 ? "" : s; }"#,
    r#"@{ var x = XDocument.Parse(a); x.Descendants().Select(e => e.Name.ToString() + e.Value).ToList(); return ""; }"#,
    // Composite and own formats
    r#"@{ string.Format(a, 1, 2.5, "x"); return ""; }"#,
    r#"@{ (-1234.5678m).ToString(a); return ""; }"#,
    r#"@{ (1234.5678).ToString(a); return ""; }"#,
    r#"@{ (-123456789012L).ToString(a); return ""; }"#,
    r#"@{ new DateTime(2024, 2, 29, 13, 4, 5, 678).ToString(a); return ""; }"#,
    r#"@{ DateTimeOffset.MaxValue.ToString(a); return ""; }"#,
    r#"@{ new TimeSpan(-9, 8, 7, 6, 5).ToString(a); return ""; }"#,
    r#"@{ Guid.Empty.ToString(a); return ""; }"#,
    // Dates
    r#"@{ DateTime d; if (DateTime.TryParse(a, out d)) { return DateTime.Parse(d.ToString("o"), null, DateTimeStyles.RoundtripKind) == d ? "" : d.ToString("o"); } return ""; }"#,
    r#"@{ DateTimeOffset d; if (DateTimeOffset.TryParse(a, out d)) { return DateTimeOffset.Parse(d.ToString("o")) == d ? "" : d.ToString("o"); } return ""; }"#,
    r#"@{ DateTime d; DateTime.TryParseExact(a, b, CultureInfo.InvariantCulture, DateTimeStyles.AllowWhiteSpaces, out d); return ""; }"#,
    r#"@{ TimeSpan d; if (TimeSpan.TryParse(a, out d)) { return TimeSpan.Parse(d.ToString()) == d ? "" : d.ToString(); } return ""; }"#,
    r#"@{ TimeSpan d; TimeSpan.TryParseExact(a, b, null, out d); return ""; }"#,
    // Numbers
    r#"@{ double d; if (double.TryParse(a, out d) && !double.IsNaN(d)) { return double.Parse(d.ToString("R")) == d ? "" : d.ToString("R"); } return ""; }"#,
    r#"@{ decimal d; if (decimal.TryParse(a, NumberStyles.Any, null, out d)) { return decimal.Parse(d.ToString()) == d ? "" : d.ToString(); } return ""; }"#,
    r#"@{ long d; if (long.TryParse(a, NumberStyles.Any, null, out d)) { return long.Parse(d.ToString()) == d ? "" : d.ToString(); } return ""; }"#,
    // Other texts
    r#"@{ var u = new Uri(a); return u.AbsoluteUri + u.PathAndQuery + u.Host == null ? "null" : ""; }"#,
    r#"@{ new Uri(new Uri("http://h/a/b?c"), a).ToString(); return ""; }"#,
    r#"@{ return Uri.UnescapeDataString(Uri.EscapeDataString(a)) == a || a.Contains("\uFFFD") ? "" : Uri.EscapeDataString(a); }"#,
    r#"@{ WebUtility.UrlDecode(a); return WebUtility.HtmlDecode(WebUtility.HtmlEncode(a)) == a ? "" : WebUtility.HtmlEncode(a); }"#,
    r#"@{ var bytes = Convert.FromBase64String(a); return Convert.FromBase64String(Convert.ToBase64String(bytes)).SequenceEqual(bytes) ? "" : "base64"; }"#,
    r#"@{ var bytes = Encoding.GetEncoding(b).GetBytes(a); Encoding.GetEncoding(b).GetString(bytes); return ""; }"#,
    r#"@{ Jwt j; a.TryParseJwt(out j); BasicAuthCredentials c; a.TryParseBasic(out c); return ""; }"#,
    r#"@{ IPAddress i; if (IPAddress.TryParse(a, out i)) { return IPAddress.Parse(i.ToString()).Equals(i) ? "" : i.ToString(); } return ""; }"#,
    r#"@{ Guid g; if (Guid.TryParse(a, out g)) { return Guid.Parse(g.ToString("X")) == g ? "" : g.ToString(); } return ""; }"#,
    r#"@{ context.Request.Body.AsFormUrlEncodedContent(); return ""; }"#,
    r#"@{ context.Request.Body.As<JObject>(true); return ""; }"#,
    r#"@{ context.Request.Body.As<XElement>(true); return ""; }"#,
    r#"@{ return string.Compare(a, b) == -string.Compare(b, a) && a.Normalize().Normalize() == a.Normalize() && a.Split(b.ToCharArray()).Length > 0 ? "" : "text"; }"#,
];

static EXPRESSIONS: LazyLock<Vec<Expression>> = LazyLock::new(|| {
    SOURCES
        .iter()
        .map(|source| {
            let source = source.replacen(
                "@{",
                "@{ var a = (string)context.Variables[\"a\"]; var b = (string)context.Variables[\"b\"];",
                1,
            );
            match compile(&source, Target::Any, &tight()) {
                Ok(expression) => expression,
                Err(diagnostics) => panic!("{source}: {diagnostics:?}"),
            }
        })
        .collect()
});

fuzz_target!(init: bound_memory(), |bytes: &[u8]| {
    let mut choices = Choices::new(bytes);
    let at = choices.below(SOURCES.len());
    let rest = choices.rest();
    let (a, b) = rest.split_once('\u{1}').unwrap_or((&rest, "utf-8"));
    match EXPRESSIONS[at].evaluate(&mut Texts::new(&[a, b])) {
        Ok(Value::Str(wrong)) => assert!(wrong.len() == 0, "{wrong}: {}", SOURCES[at]),
        Err(Stop::Exception(_)) => {}
        other => panic!("{other:?}"),
    }
});
