"""Prints the members that `members.cs` has found and the library lacks.

    compare.py MEMBERS [docs/expressions.md]

Parameters count by type, not by name. What the rules of docs/expressions.md leave out is counted, not printed.
"""

import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parents[4]
LEFT_OUT = re.compile(
    r"Span<|SpanAction|Memory<|\*|IntPtr|StreamingContext|SerializationInfo|Task|Async|CancellationToken|\bStream\b|TypeCode|JsonReader"
    r"|JsonWriter|JsonSerializer\b|XmlWriter|XmlSchema|RuntimeTypeHandle|SecureString|\bType\b|Rune|HashCode|JsonConverter"
    r"|Settings|Calendar|CompareOptions|TimeSpanStyles|Encod(er|ing)(Fallback|Provider|Info)|DecoderFallback|Encoder|Decoder"
    r"|AsnEncodedData|CspParameters|RSAParameters|Extension(s|Collection)\b|fileName|filename|Annotation|OnDeserialization"
    r"|Synchronized|SyncRoot|AssemblyName|MethodBase|DaylightTime|dontEscape|Serialized|Int?32\[\] indices|long index|index3"
    r"|NormalizationForm|KeySizes|Enumerator\b|long\[\]"
    # Readers and writers, addresses to load from, document types.
    r"|TextWriter|TextReader Null|XmlReader|string uri\b|XStreamingElement|InternalSubset|internalSubset|XDocumentType"
    # Capacities and buffers that the caller brings.
    r"|Capacity|TrimExcess\(int|CopyTo\(|byte\[\] bytes, int byteIndex|char\[\] chars, int charIndex|char\[\] outArray"
    r"|char\[\] buffer|GetPinnableReference|params int\[\]|Array keys|TKey\[\] keys|, long length|IComparer comparer"
    # Raw keys, changes of keys, certificates and settings, names of old algorithms.
    r"|SignHash|VerifyHash|EncryptValue|DecryptValue|Export|XmlString|PrivateKey|rawData|RSA Create|Algorithm Create"
    r"|KeyAlgorithmParameters|property set (int KeySize|int FeedbackSize|bool Archived|string HashName|int CacheSize|bool Prod)"
    r"|property set (long ScopeId|long Address|int HResult|string Target|string NewLine)|SignatureAlgorithm|KeyExchangeAlgorithm"
    r"|PaddingMode Mode|ValidKeySize|Reset\(\)|RandomNumberGenerator Create\(string|X500DistinguishedName|OidGroup|property set string"
    # Lists of formats, encodings and zones; what only browsers and mail programs ask an encoding.
    r"|GetDateTimeFormats|GetSystemTimeZones|ClearCachedData|IsBrowser|IsMailNews|WindowsCodePage|IsAlwaysNormalized"
    r"|MakeRelative|DBNull|SetComparer"
)
OPERATORS = {
    "op_Addition": "+", "op_Subtraction": "-", "op_Equality": "==", "op_Inequality": "!=", "op_LessThan": "<",
    "op_GreaterThan": ">", "op_LessThanOrEqual": "<=", "op_GreaterThanOrEqual": ">=", "op_UnaryNegation": "-",
    "op_UnaryPlus": "+", "op_Multiply": "*", "op_Division": "/",
}
# The compiler knows these types' operators itself.
BUILT_IN = set("Byte Char Decimal Double Int16 Int32 Int64 SByte Single UInt16 UInt32 UInt64 String Nullable`1".split())


def types_of(parameters):
    """The types in a parameter list."""
    found, depth, part = [], 0, ""
    for character in parameters + ",":
        depth += (character in "<([") - (character in ">)]")
        if character == "," and depth == 0:
            part = re.sub(r"=.*", "", part).strip()
            part = re.sub(r"^(this|params) ", "", part)
            if part:
                found.append(re.sub(r"\s+\w+$", "", part).replace(" ", ""))
            part = ""
        else:
            part += character
    return tuple(found)


def library(page):
    """Members and bases by type, from the reference page."""
    members, bases = collections.defaultdict(set), {}
    namespace, current, in_code = "", None, False
    for line in page[page.index("\n## Library"):].splitlines():
        if line.startswith("### "):
            namespace = line[4:]
        elif line.startswith("#### "):
            name, _, generics = line[5:].replace("\\<", "<").partition("<")
            arity = f"`{generics.count(',') + 1}" if generics else ""
            current = f"{namespace}.{name}{arity}"
            members[current]
        elif line.startswith("```"):
            in_code = not in_code
        elif in_code:
            members[current] |= set(parsed(line.split(" // ")[0]))
        elif re.match(r"(static )?(class|struct|interface|enum)", line):
            bases[current] = re.findall(r"`([^`]+)`", line.partition(":")[2])
        elif current and line.startswith("`"):
            members[current] |= {(value, ()) for value in re.findall(r"`(\w+)`", line)}
    return members, bases


def parsed(declaration):
    """What a declaration is called by: name and parameter types; once more for each optional parameter."""
    declaration = re.sub(r"^(static )?(readonly )?", "", declaration)
    if match := re.match(r"new \w+\((.*)\)$", declaration):
        yield "()", types_of(match[1])
    elif match := re.search(r"(implicit|explicit) operator (.*?)\((.*)\)$", declaration):
        yield "op_" + match[1].capitalize(), (match[2].replace(" ", ""), *types_of(match[3]))
    elif match := re.search(r"operator (\S+?)\((.*)\)$", declaration):
        yield match[1], types_of(match[2])
    elif match := re.search(r"this\[(.*?)\] \{(.*)\}", declaration):
        yield "this", types_of(match[1])
    elif match := re.match(r"(?:.* )(\w+)(<[\w, ]+>)?\((.*)\)$", declaration):
        types = types_of(match[3])
        for left in range(match[3].count("=") + 1):
            yield match[1], types[:len(types) - left]
    elif match := re.match(r"(?:.* )?(\w+)(?: \{(.*)\})?$", declaration):
        yield match[1], ()
        if "set" in (match[2] or ""):
            yield match[1] + " set", ()


def main():
    page = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "docs/expressions.md").read_text()
    members, bases = library(page)
    short = {name.rsplit(".", 1)[-1]: name for name in members}

    def inherited(name, seen=()):
        found = set(members[name])
        for base in bases.get(name, []):
            plain, _, generics = base.partition("<")
            base = short.get(plain + (f"`{generics.count(',') + 1}" if generics else ""))
            if base and base not in seen:
                found |= inherited(base, (*seen, name))
        return found

    count = collections.Counter()
    for line in open(sys.argv[1]):
        name, kind, text = line.rstrip("\n").split("\t")
        name = name.replace("+", ".")
        if name not in members:
            name = short.get(name.rsplit(".", 1)[-1], name)
        known, simple = inherited(name), name.rsplit(".", 1)[-1]
        count["members"] += 1
        if kind == "constructor":
            wanted = {("()", types_of(text[1:-1]))}
        elif "this[" in text:
            wanted = {("this", types_of(re.search(r"this\[(.*)\]", text)[1]))}
        elif match := re.match(r"([^(]*) (\w+)(<[\w, ]+>)?\((.*)\)$", text):
            method, types = match[2], types_of(match[4])
            if method in ("op_Implicit", "op_Explicit"):
                types = (match[1].replace(" ", ""), *types)
            wanted = {(OPERATORS.get(method, method), types)}
            if method in ("ToString", "Equals", "GetHashCode", "GetType") and not types:
                continue
            if method.startswith("op_") and simple in BUILT_IN:
                continue
            # `Equals(object)` does what the typed one does; extensions take any sequence of the elements.
            if method == "Equals" and len(types) == 1:
                continue
            if simple in ("Extensions", "Enumerable"):
                if any(found == method and len(own) == len(types) for found, own in known):
                    continue
        else:
            property_name = text.split()[-1]
            wanted = {(property_name, ())}
            if kind == "property set":
                wanted.add((property_name + " set", ()))
        if wanted <= known:
            continue
        if kind == "event" or LEFT_OUT.search(f"{kind} {text}" if kind == "property set" else text):
            count["left out by rule"] += 1
            continue
        count["missing"] += 1
        print(f"{name}: {kind} {text}")
    print(", ".join(f"{number} {what}" for what, number in count.items()))


main()
