//! Disagreements that are meant, as `docs/expressions.md` lists them, each with its cause and the narrowest test for it.

use crate::csharp::Outcome;

/// What is asked about an expression, the two outcomes taken apart.
struct Difference<'a> {
    source: &'a str,
    /// As Tidegate's line has it.
    ours: &'a str,
    /// Tidegate's exception; empty for none.
    our_exception: &'a str,
    /// Tidegate's value as text; empty where there is none.
    our_text: &'a str,
    /// The same of C#.
    their_exception: &'a str,
    their_text: &'a str,
}

impl Difference<'_> {
    fn mentions(&self, any: &[&str]) -> bool {
        any.iter().any(|text| self.source.contains(text))
    }
}

/// Why the two may differ here. `None`: they must not.
pub fn cause(source: &str, ours: &str, theirs: &Outcome) -> Option<&'static str> {
    match theirs {
        Outcome::Lost => return Some("C# ran out of stack or time"),
        Outcome::Rejected(code) => return rejected(source, code),
        _ => {}
    }
    if source.contains("(-0f)") && source.contains("dynamic") {
        return Some("the sign of a zero that is a constant and dynamic");
    }
    if source.contains("g += x") && ours == "compile CS0019" {
        return Some("delegates do not combine");
    }
    let (their_exception, their_text) = match theirs {
        Outcome::Throws(name) => (&**name, ""),
        Outcome::Value(_, text) => ("", &**text),
        _ => ("", ""),
    };
    let difference = Difference {
        source,
        ours,
        our_exception: ours.strip_prefix("throws ").unwrap_or_default(),
        our_text: ours.split_once('\t').map_or("", |(_, text)| text),
        their_exception,
        their_text,
    };
    limit(&difference)
        .or_else(|| platform(&difference))
        .or_else(|| version(&difference))
        .or_else(|| json(&difference))
        .or_else(|| xml(&difference))
        .or_else(|| shown(&difference))
}

fn rejected(source: &str, code: &str) -> Option<&'static str> {
    match code {
        "CS0311" | "CS0312" | "CS0314" | "CS0315" | "CS0453"
            if source.contains('<') || source.contains("DocumentOrder()") =>
        {
            Some("constraints of type parameters are not checked")
        }
        _ => None,
    }
}

fn limit(of: &Difference<'_>) -> Option<&'static str> {
    match of.our_exception {
        "ExpressionLimitException" | "RegexMatchTimeoutException" => {
            return Some("a limit of the evaluation");
        }
        _ => {}
    }
    if of.their_exception == "RegexMatchTimeoutException" && of.mentions(&["TimeSpan"]) {
        return Some("regular expressions are limited by steps, not by time");
    }
    if of.their_exception == "OutOfMemoryException" {
        return Some("C# ran out of memory");
    }
    (of.their_text == "too long").then_some("too long to show")
}

/// What depends on the machine: .NET is asked on Linux without Windows' libraries.
fn platform(of: &Difference<'_>) -> Option<&'static str> {
    if of.our_exception == "CultureNotFoundException" && of.mentions(&["Culture"]) {
        return Some("there is no culture but the invariant one");
    }
    let unregistered = matches!(
        of.their_exception,
        "NotSupportedException" | "ArgumentException"
    );
    if unregistered && of.our_exception.is_empty() && of.mentions(&["1252"]) {
        return Some("code pages are there without being registered");
    }
    if of.their_exception == "PlatformNotSupportedException" && of.our_exception.is_empty() {
        return Some("what .NET has on Windows only");
    }
    if of.mentions(&["GetAdjustmentRules("]) && of.our_text.contains("AdjustmentRule") {
        return Some("adjustment rules are those of the last years");
    }
    if of.their_exception == "FileLoadException" && of.mentions(&[".Create(\""]) {
        return Some("no types are loaded by their names");
    }
    if of.mentions(&["iso-8859-1"]) && of.our_text.contains("3f") {
        return Some("characters that ISO 8859-1 has not become question marks");
    }
    if of.our_exception == "CryptographicException"
        && of.mentions(&["RSASignaturePadding.Pss"])
        && of.mentions(&["SHA1", "MD5"])
    {
        return Some("RSA: no PSS with SHA-1 or MD5");
    }
    if of.our_exception == "CryptographicException" && of.mentions(&["CreateOaep(new "]) {
        return Some("RSA: padding of hash algorithms that are there only");
    }
    if of.mentions(&["CipherMode.CFB"]) && of.their_exception == "CryptographicException" {
        return Some("CFB, as other versions of .NET have it");
    }
    if of.mentions(&["CopyWithPrivateKey("]) && of.our_exception == "CryptographicException" {
        return Some("what .NET has on Windows only");
    }
    let path = of.mentions(&["Uri(\"/", "TryCreate(\"/"]);
    if path && (of.our_exception == "UriFormatException" || of.their_text.contains("file:")) {
        return Some("a path is no absolute Uri");
    }
    const NAMES: [&str; 4] = [".DisplayName", ".StandardName", ".DaylightName", "ById("];
    const SHOWN: [&str; 3] = [".DisplayName", ".StandardName", ".DaylightName"];
    if of.mentions(&["ById("]) && of.mentions(&SHOWN) {
        return Some("names of time zones are their ids");
    }
    if of.mentions(&["Europe/", "America/", "Asia/", " Standard Time"])
        && of.mentions(&NAMES)
        && is_name_of_zone(of.our_text)
    {
        return Some("names of time zones are their ids");
    }
    None
}

fn is_name_of_zone(text: &str) -> bool {
    let name = text.rsplit(')').next().unwrap_or_default().trim();
    name.contains('/') || name.ends_with("Time")
}

/// Where versions of .NET differ.
fn version(of: &Difference<'_>) -> Option<&'static str> {
    if of.mentions(&["N100"]) && of.their_text.contains("N1") {
        return Some("precisions above 99, as later versions of .NET have them");
    }
    if of.mentions(&["BinarySearch((Array)"]) && of.mentions(&["NaN"]) {
        return Some("NaN is found where it stands in order only");
    }
    if (nearly_same(of.our_text, of.their_text) || neighbours(of.our_text, of.their_text))
        && of.mentions(&["Math.", "ulong", "ULong", "UInt64", "UL", "ToDouble("])
    {
        return Some(
            "last digit of a double: functions of Math, and 64-bit numbers, which 3.1 rounds twice",
        );
    }
    const FORMATS: [&str; 6] = ["\"F", "\"N", "\"P", ":F", ":N", ":P"];
    if of.mentions(&FORMATS) && last_digit(of.our_text, of.their_text) {
        return Some("exact midpoints in F and N");
    }
    const SEARCHES: [&str; 5] = [
        "IndexOf(",
        "StartsWith(",
        "EndsWith(",
        "IsPrefix(",
        "Contains(",
    ];
    let number_or_truth = of.ours.starts_with("int\t") || of.ours.starts_with("bool\t");
    let special = !of.source.is_ascii() || of.mentions(&["\\u", "\\r\\n", "\\0", "\\U"]);
    if number_or_truth && special && of.their_exception.is_empty() && of.mentions(&SEARCHES) {
        return Some("searches without a comparison are ordinal");
    }
    None
}

fn json(of: &Difference<'_>) -> Option<&'static str> {
    const XML: [&str; 7] = [
        "XElement",
        "XDocument",
        "XAttribute",
        "XText",
        "XComment",
        "XNode",
        "Xml",
    ];
    if of.our_exception == "JsonSerializationException"
        && of.mentions(&["SerializeObject(", "FromObject("])
        && of.mentions(&XML)
    {
        return Some("XML is not written as JSON");
    }
    if of.mentions(&["JValue"]) && of.mentions(&[".Value = "]) && of.ours.starts_with("int") {
        return Some("an enum's value becomes a number in a JValue");
    }
    const INSIDES: [&str; 4] = ["Encoding.", "new Regex(", "TimeZoneInfo", "AdjustmentRule"];
    if of.mentions(&["SerializeObject(", "FromObject("]) && of.mentions(&INSIDES) {
        return Some("encodings, time zones and the like have other insides");
    }
    if of.mentions(&["(byte[])(JToken.Parse(\"1234"]) && of.our_exception == "ArgumentException" {
        return Some("large integers have no bytes");
    }
    if of.mentions(&["Comparer<JToken>", "Min<JToken>", "Max<JToken>"])
        && matches!(
            of.our_exception,
            "ArgumentException" | "InvalidOperationException"
        )
    {
        return Some("JSON containers have no order");
    }
    if !of.mentions(&["DeserializeObject", "DeserializeAnonymousType"]) {
        return None;
    }
    if of.mentions(&["new Date("]) {
        return Some("constructors that are read stay tokens");
    }
    let reads = |name: &str| name.starts_with("Json") && name.ends_with("Exception");
    let broken = of.their_exception == "JsonWriterException" || may_be_broken(of.source);
    if reads(of.our_exception) && reads(of.their_exception) && broken {
        return Some("the whole text is read first: which of two faults in it is found");
    }
    if let (Ok(a), Ok(b)) = (of.our_text.parse::<f64>(), of.their_text.parse::<f64>())
        && a == b
        && of.ours.starts_with("string\t")
    {
        return Some("a number that is read as a text is written anew");
    }
    if reads(of.our_exception)
        && of.their_exception == "InvalidCastException"
        && of.mentions(&["(\"-"])
    {
        return Some("a negative number is no date");
    }
    let whole_token = of.their_text.starts_with('{') || of.their_text.starts_with('[');
    (of.our_exception == "JsonSerializationException" && whole_token)
        .then_some("a text that ends too early gives no token")
}

/// Whether the text that is read is broken JSON, or one that is only known at run time.
fn may_be_broken(source: &str) -> bool {
    let start = source.find("Deserialize").unwrap_or_default();
    let call = source.get(start..).unwrap_or_default();
    let argument = call.split_once('(').map_or("", |(_, argument)| argument);
    !argument.starts_with('"')
        || ["\"{\"", "\"[1,]\"", "\"x\"", "\"[1\"", "\"-"]
            .iter()
            .any(|text| argument.starts_with(text))
}

fn xml(of: &Difference<'_>) -> Option<&'static str> {
    let unspaced = |text: &str| text.replace("\\r", "").replace("\\n", "").replace(' ', "");
    if of.mentions(&[".InnerXml = ", "LoadXml(\""])
        && of.mentions(&["\\r", " \""])
        && unspaced(of.our_text) == unspaced(of.their_text)
        && !of.our_text.is_empty()
    {
        return Some("white space in a parsed XmlDocument is what XML makes of it");
    }
    const PUTS: [&str; 6] = [
        ".Append(",
        ".AppendChild(",
        ".PrependChild(",
        ".InsertBefore(",
        ".InsertAfter(",
        ".ReplaceChild(",
    ];
    let documents = of.source.matches("new XmlDocument()").count();
    if documents > 1
        && of.their_exception == "ArgumentException"
        && of.our_exception != "ArgumentException"
        && of.mentions(&PUTS)
    {
        return Some("nodes of XmlDocument belong to none until they are put in");
    }
    if of.our_text == "<null>" && of.mentions(&[".OwnerDocument"]) {
        return Some("nodes of XmlDocument belong to none until they are put in");
    }
    let local = |text: &str| text.split_once(':').map(|(_, rest)| rest.to_owned());
    if of.mentions(&["CreateAttribute("])
        && local(of.our_text).is_some()
        && local(of.our_text) == local(of.their_text)
    {
        return Some("a new attribute has the prefix of where it is put");
    }
    let words = |text: &str| {
        let text = text.replace("/>", " ").replace(['<', '>'], " ");
        let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        words.sort();
        words
    };
    if of.mentions(&["CreateElement("])
        && (of.mentions(&[".HasAttributes", ".Attributes"])
            || !of.our_text.is_empty() && words(of.our_text) == words(of.their_text))
    {
        return Some("a new element declares its prefix at once");
    }
    const CERTIFICATES: [&str; 4] = [".Dispose()", ".ToString(", "byte[0]", "(byte[])null"];
    if of.mentions(&["X509Certificate"])
        && of.mentions(&CERTIFICATES)
        && (of.their_text.contains("X509Certificate")
            || of.their_text.contains("[Version]")
            || of.mentions(&[".ToString(true)"]))
    {
        return Some("certificates without content, and their long text");
    }
    if of.their_text.contains("EncodingSealed") {
        return Some("the encodings at hand have the class that they are asked for by");
    }
    if of.their_exception == "FileLoadException" && of.our_text == "<null>" {
        return Some("names of algorithms are not looked for in assemblies");
    }
    if of.mentions(&["GetElementsByTagName("]) && of.mentions(&["[int.MaxValue]"]) {
        return Some("a list of elements has none beyond its end");
    }
    // The class of what walks over nodes, where it is taken for a text.
    let iterator = of.their_text.contains("Iterator") && of.our_text.contains("IEnumerable`1");
    iterator.then_some("enumerators show as the interface they are")
}

/// What is only shown differently.
fn shown(of: &Difference<'_>) -> Option<&'static str> {
    if of.their_text.contains("PublicKeyToken") {
        return Some("full names do not carry assemblies");
    }
    if of.our_text.contains("\\ufffd") && without_halves(of.their_text) == of.our_text {
        return Some("a message does not hold half a surrogate pair");
    }
    if of.mentions(&["IsInterned("]) && of.their_text == "<null>" {
        return Some("all texts are interned");
    }
    // The number of an anonymous type counts those of the program.
    if of.our_text.contains("AnonymousType") && of.mentions(&["new {"]) {
        let unnumbered = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
        if unnumbered(of.our_text) == unnumbered(of.their_text) {
            return Some("anonymous types are not numbered");
        }
    }
    let without_port = of.their_text.replace(":443", "").replace(":80", "");
    if of.mentions(&["UriBuilder"]) && without_port == of.our_text {
        return Some("a Uri of a UriBuilder leaves out the implied port");
    }
    None
}

/// Whether the bytes of two `double`s are those of neighbours.
fn neighbours(ours: &str, theirs: &str) -> bool {
    let number = |text: &str| {
        let bytes = u64::from_str_radix(text, 16).ok();
        bytes.filter(|_| text.len() == 16).map(u64::swap_bytes)
    };
    matches!((number(ours), number(theirs)), (Some(a), Some(b)) if a.abs_diff(b) == 1)
}

/// Whether two lists of numbers, or two numbers, differ in the last place of a `double` only.
fn nearly_same(ours: &str, theirs: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        text.split(['[', ']', ',', ' ', '(', ')'])
            .map(str::to_owned)
            .collect()
    };
    let (ours, theirs) = (parts(ours), parts(theirs));
    ours != theirs
        && ours.len() == theirs.len()
        && ours.iter().zip(&theirs).all(|(a, b)| {
            a == b
                || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b))
                    if ((a - b) / b).abs() < 1e-15)
        })
}

/// Half surrogate pairs replaced, as UTF-8 has it.
fn without_halves(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\ud") {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let half = tail.get(3..6).is_some_and(|digits| {
            digits.starts_with(['8', '9', 'a', 'b', 'c', 'd', 'e', 'f'])
                && digits.bytes().all(|b| b.is_ascii_hexdigit())
        });
        out.push_str(if half { "\\ufffd" } else { "\\ud" });
        rest = tail.get(if half { 6 } else { 3 }..).unwrap_or_default();
    }
    out + rest
}

/// Whether two texts of a number differ by one in the last place only.
fn last_digit(ours: &str, theirs: &str) -> bool {
    let digits = |text: &str| {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits.parse::<u64>().ok()
    };
    let frame = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    match (digits(ours), digits(theirs)) {
        (Some(a), Some(b)) => a.abs_diff(b) == 1 && frame(ours) == frame(theirs) && a % 2 == 1,
        _ => false,
    }
}
