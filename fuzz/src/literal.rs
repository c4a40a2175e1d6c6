//! Literals of well-known types, chosen where library code is likely to be wrong: ends of ranges, odd formats, texts that
//! are nearly JSON, XML, dates or patterns.

use crate::Choices;

const TEXTS: &[&str] = &[
    "\"\"",
    "\"a\"",
    "\"ABC abc\"",
    "\" \\t\\r\\n\"",
    "\"1,2;3\"",
    "\"0\"",
    "\"-1\"",
    "\"1e999\"",
    "\"99999999999999999999999999999\"",
    "\"0.1\"",
    "\"true\"",
    "\"\\uD800\"",
    "\"\\uDC00x\\uD83D\\uDE00\"",
    "\"ß\u{130}\u{131}\"",
    "\"e\\u0301\"",
    "\"\\0\"",
    "\"2024-02-29T23:59:59.9999999Z\"",
    "\"0001-01-01\"",
    "\"9999-12-31T23:59:59.9999999+14:00\"",
    "\"yyyy-MM-ddTHH:mm:ss.fffffffK\"",
    "\"D99\"",
    "\"N999999999\"",
    "\"R\"",
    "\"X\"",
    "\"#,##0.00;(#);zero\"",
    "\"%\"",
    "\"'\"",
    "\"\\\\\"",
    "\"d\\\\:hh\"",
    "\"c\"",
    "\"E+\"",
    "\"{0}\"",
    "\"{0,-9:N2}{1}\"",
    "\"{0,999999999}\"",
    "\"{{0}\"",
    "\"{99999999}\"",
    "\"{\\\"a\\\":[1,2.5,{\\\"b\\\":null}],\\\"d\\\":\\\"2024-01-02T03:04:05Z\\\"}\"",
    "\"[[[[1]]]]\"",
    "\"{'a':1}\"",
    "\"$..a\"",
    "\"$['a'][0:5:-1]\"",
    "\"$.a[?(@.b == null || @ > 1)]\"",
    "\"a[-1]\"",
    "\"<a b='c'>d<e/></a>\"",
    "\"<a xmlns='u' xmlns:p='v' p:q=''>&#x41;<![CDATA[x]]></a>\"",
    "\"<\"",
    "\"(a+)+$\"",
    "\"(?<n>a)|\\\\k<n>\"",
    "\"[\\\\w-[a]]*?\"",
    "\"(?=a)*\"",
    "\"$1${n}$&$`\"",
    "\"^\"",
    "\".\"",
    "\"dGVzdA==\"",
    "\"%41%zz+\"",
    "\"&lt;&#55296;&amp;\"",
    "\"http://u:p@h:99999/a/../b?q=1#f\"",
    "\"::1\"",
    "\"1.2.3.4\"",
    "\"utf-16\"",
    "\"Pacific Standard Time\"",
    "\"00000000-0000-0000-0000-000000000000\"",
    "\"1.02:03:04.5\"",
    "\"10675199.02:48:05.4775807\"",
    "\"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwiZXhwIjoxfQ.\"",
    "\"0123456789abcdef\"",
    "\"k=v&k=w\"",
    "\"Bearer\"",
    "\"Basic dTpw\"",
    "\"0b1\"",
    "new string('x', 1000)",
    "(string)null",
    "context.Body.As<string>(true)",
];

const INTS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "10",
    "16",
    "64",
    "100",
    "1000",
    "65535",
    "65536",
    "1000000",
    "int.MaxValue",
    "int.MinValue",
    "int.MaxValue - 1",
];

const LONGS: &[&str] = &[
    "0L",
    "1L",
    "-1L",
    "63L",
    "1000L",
    "4294967296L",
    "long.MaxValue",
    "long.MinValue",
    "621355968000000000L",
    "3155378975999999999L",
    "253402300799L",
    "-62135596800L",
];

const DOUBLES: &[&str] = &[
    "0.0",
    "-0.0",
    "1.0",
    "0.5",
    "2.5",
    "-1.5",
    "1e-7",
    "1e15",
    "1e16",
    "1e300",
    "double.MaxValue",
    "double.Epsilon",
    "double.NaN",
    "double.PositiveInfinity",
    "double.NegativeInfinity",
    "922337203685477.5807",
];

const DECIMALS: &[&str] = &[
    "0m",
    "1m",
    "-1m",
    "0.5m",
    "1.00m",
    "decimal.MaxValue",
    "decimal.MinValue",
    "0.0000000000000000000000000001m",
    "79228162514264337593543950335m",
    "7.9228162514264337593543950335m",
];

const CHARS: &[&str] = &[
    "'a'",
    "'A'",
    "' '",
    "'0'",
    "'\\0'",
    "'\\uD800'",
    "'\\uDC00'",
    "'\\uFFFF'",
    "'{'",
    "'\\u0301'",
];

const BOOLS: &[&str] = &["true", "false"];

const TOKENS: &[&str] = &[
    "JToken.Parse(\"{'a':[1,2.5,{'b':null}],'d':'2024-01-02T03:04:05Z','e':{}}\")",
    "JToken.Parse(\"[1,[2,[3]],null,'x']\")",
    "JValue.CreateNull()",
    "new JValue(1.5)",
    "new JObject()",
];

/// A literal of the C# type of that spelling, where it has any.
pub fn literal(choices: &mut Choices<'_>, ty: &str) -> Option<String> {
    let of = match ty {
        "string" => {
            if choices.one_in(8) {
                return Some(quoted(choices));
            }
            TEXTS
        }
        "int" => INTS,
        "long" => LONGS,
        "double" => DOUBLES,
        "decimal" => DECIMALS,
        "char" => CHARS,
        "bool" => BOOLS,
        "sbyte" | "byte" | "short" | "ushort" | "uint" => return Some(cast(choices, ty, INTS)),
        "ulong" => return Some(cast(choices, ty, LONGS)),
        "float" => return Some(cast(choices, ty, DOUBLES)),
        "TimeSpan" => return Some(format!("new TimeSpan({})", choices.pick(LONGS)?)),
        "JToken" => TOKENS,
        "JObject" => return Some(format!("(JObject){}", TOKENS.first()?)),
        "JArray" => return Some(format!("(JArray){}", TOKENS.get(1)?)),
        "XElement" => {
            return Some("XElement.Parse(\"<a xmlns='u' b='c'>d<e f='g'/>h</a>\")".into());
        }
        "IRequest" => return Some("context.Request".into()),
        "IResponse" => return Some("context.Response".into()),
        "IProxyRequestContext" => return Some("context".into()),
        "IMessageBody" => return Some("context.Request.Body".into()),
        "IUrl" => return Some("context.Request.Url".into()),
        "Exception" => return Some("new Exception(\"x\", new FormatException())".into()),
        "IFormatProvider" | "CultureInfo" => return Some("CultureInfo.InvariantCulture".into()),
        _ => return None,
    };
    choices.pick(of).map(|text| (*text).to_owned())
}

fn cast(choices: &mut Choices<'_>, ty: &str, of: &[&str]) -> String {
    let number = choices.pick(of).copied().unwrap_or("0");
    format!("unchecked(({ty})({number}))")
}

/// Any short text as a verbatim string.
fn quoted(choices: &mut Choices<'_>) -> String {
    let count = choices.below(24);
    format!("@\"{}\"", choices.text(count).replace('"', "\"\""))
}
