//! The types the language itself knows by name. Their numbers are fixed; the registry reserves them first, so that a
//! type can be named in a constant expression.

use super::DefId;

macro_rules! known {
    ($($name:ident = $full:literal;)+) => {
        known!(@ids 0u16, $($name)+);
        /// Full name, with arity where generic, of each reserved type in order of its number.
        pub const NAMES: &[&str] = &[$($full),+];
    };
    (@ids $n:expr, $name:ident $($rest:ident)*) => {
        #[allow(missing_docs)] // the .NET type of the same name
        pub const $name: DefId = DefId($n);
        known!(@ids $n + 1, $($rest)*);
    };
    (@ids $n:expr,) => {};
}

known! {
    OBJECT = "System.Object";
    STRING = "System.String";
    BOOLEAN = "System.Boolean";
    CHAR = "System.Char";
    SBYTE = "System.SByte";
    BYTE = "System.Byte";
    INT16 = "System.Int16";
    UINT16 = "System.UInt16";
    INT32 = "System.Int32";
    UINT32 = "System.UInt32";
    INT64 = "System.Int64";
    UINT64 = "System.UInt64";
    SINGLE = "System.Single";
    DOUBLE = "System.Double";
    DECIMAL = "System.Decimal";
    VALUE_TYPE = "System.ValueType";
    ENUM = "System.Enum";
    ARRAY = "System.Array";
    DELEGATE = "System.Delegate";
    NULLABLE = "System.Nullable`1";
    TYPE = "System.Type";
    GUID = "System.Guid";
    DATE_TIME = "System.DateTime";
    DATE_TIME_OFFSET = "System.DateTimeOffset";
    TIME_SPAN = "System.TimeSpan";
    EXCEPTION = "System.Exception";
    IENUMERABLE = "System.Collections.Generic.IEnumerable`1";
    IENUMERABLE_PLAIN = "System.Collections.IEnumerable";
    IENUMERATOR = "System.Collections.Generic.IEnumerator`1";
    ICOLLECTION = "System.Collections.Generic.ICollection`1";
    ILIST = "System.Collections.Generic.IList`1";
    IREADONLY_COLLECTION = "System.Collections.Generic.IReadOnlyCollection`1";
    IREADONLY_LIST = "System.Collections.Generic.IReadOnlyList`1";
    IDICTIONARY = "System.Collections.Generic.IDictionary`2";
    IREADONLY_DICTIONARY = "System.Collections.Generic.IReadOnlyDictionary`2";
    KEY_VALUE_PAIR = "System.Collections.Generic.KeyValuePair`2";
    LIST = "System.Collections.Generic.List`1";
    DICTIONARY = "System.Collections.Generic.Dictionary`2";
    HASH_SET = "System.Collections.Generic.HashSet`1";
    QUEUE = "System.Collections.Generic.Queue`1";
    STACK = "System.Collections.Generic.Stack`1";
    ORDERED_ENUMERABLE = "System.Linq.IOrderedEnumerable`1";
    GROUPING = "System.Linq.IGrouping`2";
    LOOKUP = "System.Linq.ILookup`2";
    IDISPOSABLE = "System.IDisposable";
    ICOMPARABLE = "System.IComparable";
    JTOKEN = "Newtonsoft.Json.Linq.JToken";
    JVALUE = "Newtonsoft.Json.Linq.JValue";
    JOBJECT = "Newtonsoft.Json.Linq.JObject";
    JARRAY = "Newtonsoft.Json.Linq.JArray";
    CONTEXT = "Tidegate.IProxyRequestContext";
    IREQUEST = "Tidegate.IRequest";
    IRESPONSE = "Tidegate.IResponse";
    IMESSAGE_BODY = "Tidegate.IMessageBody";
    IURL = "Tidegate.IUrl";
    IAPI = "Tidegate.IApi";
    ICONTEXT_API = "Tidegate.IContextApi";
    IOPERATION = "Tidegate.IOperation";
    IPRODUCT = "Tidegate.IProduct";
    ISUBSCRIPTION = "Tidegate.ISubscription";
    IUSER = "Tidegate.IUser";
    IDEPLOYMENT = "Tidegate.IDeployment";
    ILAST_ERROR = "Tidegate.ILastError";
    FUNC1 = "System.Func`1";
    FUNC2 = "System.Func`2";
    FUNC3 = "System.Func`3";
    ACTION = "System.Action";
    COMPARISON = "System.Comparison`1";
    FORMATTABLE_STRING = "System.FormattableString";
    CONCRETE_FORMATTABLE_STRING =
        "System.Runtime.CompilerServices.FormattableStringFactory.ConcreteFormattableString";
    IFORMATTABLE = "System.IFormattable";
    IFORMAT_PROVIDER = "System.IFormatProvider";
}
