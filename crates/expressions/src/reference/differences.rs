//! Choices between versions of .NET, differences from all of them, and limits, each with an example that a test evaluates.

use super::{Chapter, Example};

const fn example(about: &'static str, source: &'static str, outcome: &'static str) -> Example {
    Example {
        about,
        source,
        outcome,
    }
}

/// In the order of the page.
pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        title: "Where versions of .NET differ",
        examples: &[
            example(
                "`double` as the shortest text that reads back",
                "@(0.1 + 0.2)",
                "double\t0.30000000000000004",
            ),
            example("negative zero keeps its sign", "@(-0.0)", "double\t-0"),
            example(
                "plain digits up to 17 of them",
                r#"@(1e15 + " " + 1e17)"#,
                "string\t1000000000000000 1E+17",
            ),
            example(
                "`F` and `N` round the exact value",
                r#"@(2.675.ToString("F2"))"#,
                "string\t2.67",
            ),
            example(
                "a number too large for `double`",
                r#"@(double.Parse("1e400"))"#,
                "double\tInfinity",
            ),
            example(
                "`TimeSpan` factories keep ticks",
                "@(TimeSpan.FromSeconds(1.0005))",
                "TimeSpan\t00:00:01.0005000",
            ),
            example(
                "messages name the parameter in parentheses",
                r#"@{ try { return "".Substring(5); } catch (Exception e) { return e.Message; } }"#,
                "string\tstartIndex cannot be larger than length of string. (Parameter 'startIndex')",
            ),
            example(
                "lines end with a line feed, as on Linux",
                r#"@(new StringBuilder().AppendLine("x").ToString())"#,
                "string\tx\\n",
            ),
        ],
    },
    Chapter {
        title: "Choices and differences",
        examples: &[
            example(
                "exact midpoints in `F` and `N` round away from zero; .NET Core 3.1 rounds them to even",
                r#"@(2.5.ToString("F0") + " " + 0.125.ToString("F2"))"#,
                "string\t3 0.13",
            ),
            example(
                "searches without a comparison are ordinal; .NET asks the culture, whose answer depends on the platform",
                r#"@("\r\n".IndexOf("\n"))"#,
                "int\t1",
            ),
            example(
                "the default order of texts is linguistic, as in .NET",
                r#"@(new[] { "b", "A", "B", "a" }.OrderBy(s => s).ToArray())"#,
                "string[]\t[a, A, b, B]",
            ),
            example(
                "there is no culture but the invariant one",
                r#"@(new CultureInfo("de-DE"))"#,
                "throws CultureNotFoundException",
            ),
            example(
                "local time is UTC, of kind `Local`",
                r#"@(DateTime.Parse("2024-05-06T07:08:09+02:00") + " " + DateTime.Now.Kind)"#,
                "string\t05/06/2024 05:08:09 Local",
            ),
            example(
                "exact ISO dates in JSON become dates, as Json.NET has it",
                r#"@((string)JObject.Parse("{'at': '2024-01-02T03:04:05Z'}")["at"])"#,
                "string\t01/02/2024 03:04:05",
            ),
            example(
                "a variable that does not exist is null",
                r#"@((string)context.Variables["missing"])"#,
                "string\t<null>",
            ),
            example(
                "basic credentials split at the first colon (RFC 7617)",
                r#"@("Basic dTpwOnc=".AsBasic().Password)"#,
                "string\tp:w",
            ),
            example(
                "an exception has no stack trace",
                r#"@{ try { int.Parse("x"); return ""; } catch (Exception e) { return e.StackTrace; } }"#,
                "string\t<null>",
            ),
            example(
                "`??=` of C# 8 is accepted",
                r#"@{ string s = null; s ??= "a"; return s; }"#,
                "string\ta",
            ),
            example(
                "a filter of an outer `catch` runs after the inner `finally`, in C# before it",
                r#"@{ var s = ""; try { try { throw new Exception(); } finally { s += "f"; } } catch (Exception) when ((s += "w") != "") { } return s; }"#,
                "string\tfw",
            ),
            example(
                "number formats take precisions above 99, as later versions of .NET do; .NET Core 3.1 has no such format",
                r#"@(1.5.ToString("F100").Length)"#,
                "int\t102",
            ),
            example(
                "64-bit numbers become the nearest `double`; .NET Core 3.1 rounds large `ulong`s twice, and its `Math` may differ in the last digit",
                "@((double)12345678901234567890UL)",
                "double\t1.2345678901234567E+19",
            ),
            example(
                "the names of a time zone are its id; .NET asks the platform",
                r#"@(TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin").StandardName)"#,
                "string\tEurope/Berlin",
            ),
            example(
                "a path is no absolute `Uri`, as on Windows; on Linux .NET takes it for a file",
                r#"@(new Uri("/a/b"))"#,
                "throws UriFormatException",
            ),
            example(
                "Windows' code pages are there without being registered",
                r#"@(Encoding.GetEncoding("windows-1252").GetString(new byte[] { 0x80 }))"#,
                "string\t€",
            ),
            example(
                "what .NET has on Windows only is there: `RSACng`, `HashAlgorithm.Create()`, the invariant culture's names",
                "@(CultureInfo.InvariantCulture.DisplayName)",
                "string\tInvariant Language (Invariant Country)",
            ),
            example(
                "`CipherMode.CFB` is there, as in other versions of .NET",
                "@{ var aes = Aes.Create(); aes.Mode = CipherMode.CFB; return aes.Mode; }",
                "CipherMode\tCFB",
            ),
            example(
                "a certificate without content is refused; a disposed one keeps its content; `ToString(true)` says no more than `ToString()`",
                "@(new X509Certificate2(new byte[0]))",
                "throws CryptographicException",
            ),
            example(
                "a zone's adjustment rules are one for each year from 1970 to 2037; .NET's depend on the platform",
                r#"@(TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin").GetAdjustmentRules()[0].DateStart.Year)"#,
                "int\t1980",
            ),
            example(
                "a `Uri` made of an absolute one of a `UriBuilder` leaves out the port that the scheme implies; .NET Core 3.1 shows it",
                r#"@(new Uri(new Uri("https://h/"), new UriBuilder("https://h/a").Uri))"#,
                "Uri\thttps://h/a",
            ),
            example(
                "JSON that ends too early gives no token; Json.NET gives a `JToken` what it read",
                r#"@(JsonConvert.DeserializeObject<JObject>("{\"a\":1"))"#,
                "throws JsonSerializationException",
            ),
            example(
                "the whole text is read before it is converted, so that another of two faults in it may be the one that is thrown",
                r#"@(JsonConvert.DeserializeObject<string>("[1"))"#,
                "throws JsonSerializationException",
            ),
            example(
                "constructors in JSON stay tokens, whatever is wanted",
                r#"@(JsonConvert.DeserializeObject("new Date(1)"))"#,
                "JConstructor\tnew Date(1)",
            ),
            example(
                "nodes of an `XmlDocument` belong to none until they are put into one, and go into any",
                r#"@(new XmlDocument().CreateTextNode("t").OwnerDocument)"#,
                "XmlDocument\t<null>",
            ),
            example(
                "an attribute has the prefix of where it stands; a new element declares its prefix at once",
                r#"@(new XmlDocument().CreateElement("p", "e", "urn:x").HasAttributes)"#,
                "bool\tTrue",
            ),
            example(
                "a name table holds what was put into it, not the names of the document or reader that gave it",
                r#"@{ var d = new XmlDocument(); d.LoadXml("<a/>"); return d.NameTable.Get("a"); }"#,
                "string\t<null>",
            ),
            example(
                "line ends in a parsed `XmlDocument` are line feeds, as XML has it, and white space alone is left out",
                r#"@{ var d = new XmlDocument(); d.LoadXml("<a>x\r\ny</a>"); return d.InnerText; }"#,
                "string\tx\\ny",
            ),
            example(
                "types are not loaded by their names",
                r#"@(SHA384.Create("a,b"))"#,
                "SHA384\t<null>",
            ),
            example(
                "RSA signs and verifies with PSS and SHA-256, SHA-384 or SHA-512 only",
                "@(RSASignaturePadding.Pss)",
                "RSASignaturePadding\tPss",
            ),
            example(
                "RSA keys of fewer than 2,048 bits only verify: with PKCS #1 padding and SHA-1, SHA-256 or SHA-512",
                "@(RSASignaturePadding.Pkcs1)",
                "RSASignaturePadding\tPkcs1",
            ),
            example(
                "characters that ISO 8859-1 has not become question marks; .NET has a letter that looks alike for some",
                r#"@(Encoding.GetEncoding("iso-8859-1").GetBytes("İ")[0])"#,
                "byte\t63",
            ),
            example(
                "objects and arrays of JSON have no order; .NET compares some with values",
                r#"@(Comparer<JToken>.Default.Compare(new JValue("a"), new JArray()))"#,
                "throws ArgumentException",
            ),
            example(
                "encodings, regular expressions, time zones and their rules become JSON by the properties that policies see; Json.NET writes \
                 their insides or fails",
                r#"@(JsonConvert.SerializeObject(new Regex("a")))"#,
                r#"string	{"MatchTimeout":"-00:00:00.0010000","Options":0,"RightToLeft":false}"#,
            ),
            example(
                "an enum's value that a `JValue` is given becomes its number; Json.NET keeps it as it is",
                r#"@{ var v = new JValue(1); v.Value = DayOfWeek.Friday; return v.Value; }"#,
                "int\t5",
            ),
            example(
                "a number that is read where a `string` is wanted is written anew",
                r#"@(JsonConvert.DeserializeObject<string>("1.10"))"#,
                "string\t1.1",
            ),
            example(
                "all texts count as interned",
                r#"@(string.IsInterned("a" + DateTime.MinValue.Year))"#,
                "string\ta1",
            ),
            example(
                "a negative number where a date is wanted is an error; Json.NET takes it for some date",
                r#"@(JsonConvert.DeserializeObject<DateTime>("-0.5"))"#,
                "throws JsonReaderException",
            ),
            example(
                "integers beyond 64 bits have no bytes",
                r#"@((byte[])JToken.Parse("12345678901234567890"))"#,
                "throws ArgumentException",
            ),
            example(
                "OAEP takes the hash algorithms that are there; .NET takes any name until it is used",
                r#"@(RSAEncryptionPadding.CreateOaep(new HashAlgorithmName("x")))"#,
                "throws CryptographicException",
            ),
            example(
                "`NaN` is found by `Array.BinarySearch` where it stands in order; .NET may take any number for it",
                "@(Array.BinarySearch((Array)new double[] { 1.5, double.NaN }, (object)double.NaN))",
                "int\t-1",
            ),
            example(
                "constraints of type parameters are not checked",
                "@(new JArray().Children<string>().Count())",
                "int\t0",
            ),
            example(
                "delegates do not combine",
                "@{ Action<int> a = null; a += x => { }; return 1; }",
                "compile CS0019",
            ),
            example(
                "XML cannot be written as JSON",
                r#"@(JsonConvert.SerializeObject(new XElement("e", 1)))"#,
                "throws JsonSerializationException",
            ),
            example(
                "the views of a dictionary have no name that an expression could write",
                "@((Dictionary<string, int>.KeyCollection)null)",
                "compile CS0246",
            ),
            example(
                "enumerators and comparers show as the interface they are, of whatever class",
                "@(new List<int>().GetEnumerator())",
                "IEnumerator<int>\tSystem.Collections.Generic.IEnumerator`1[System.Int32]",
            ),
            example(
                "so do LINQ's groups and orders",
                "@(new[] { 1 }.GroupBy(n => n).First().GetType().Name)",
                "string\tIGrouping`2",
            ),
            example(
                "arrays have at most two dimensions",
                "@(new int[1, 1, 1])",
                "compile TG0103",
            ),
        ],
    },
    Chapter {
        title: "Limits of an evaluation",
        examples: &[
            example(
                "steps: 5 million by default; nothing catches a reached limit",
                "@{ try { while (true) { } } catch (Exception) { return 1; } }",
                "throws ExpressionLimitException",
            ),
            example(
                "memory: 64 MiB by default, freed or not",
                "@(new string('a', 2000000000))",
                "throws ExpressionLimitException",
            ),
            example(
                "nested calls: 1000",
                "@{ int F(int n) => F(n + 1); return F(0); }",
                "throws ExpressionLimitException",
            ),
            example(
                "backtracking of one regular expression: half a million steps, whatever time was given to it",
                r#"@(Regex.IsMatch("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+$"))"#,
                "throws RegexMatchTimeoutException",
            ),
        ],
    },
];
