// Runs compiled expressions one after the other and prints each outcome as one line, in the notation of Tidegate's
// case files: index, type, text. What a line holds where the type or the text is an implementation's own: `?`.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using Newtonsoft.Json.Linq;

public class Outcome
{
    public string Type;
    public string Text;
}

public static class H
{
    const int MostItems = 2000;

    public static Outcome Show<T>(T value)
    {
        return Show(value, typeof(T));
    }

    public static Outcome ShowBoxed(object value)
    {
        return Show(value, null);
    }

    static Outcome Show(object value, Type declared)
    {
        // What walks or orders a collection is of a type of its own in each implementation.
        var walks = value is IEnumerator && (!(value is IEnumerable) || declared != null && typeof(IEnumerator).IsAssignableFrom(declared));
        if (walks || value is IComparer || value is IEqualityComparer)
            return new Outcome { Type = "?", Text = "?" };
        // The classes of RSA differ between systems.
        if (value is AsymmetricAlgorithm && value.GetType().Name.EndsWith("OpenSsl"))
            return new Outcome { Type = "~RSA", Text = "?" };
        var text = Text(value, 0);
        string type;
        if (value != null && (value.GetType().Name == "ListDictionaryInternal" || value.GetType().Name.StartsWith("Grouping`")))
            type = "?";
        else if (value == null)
            type = declared == null ? "?" : Name(declared);
        else if (IsPublic(value.GetType()) || IsAnonymous(value.GetType()))
            type = Name(value.GetType());
        else if (value is IEnumerable && declared != null && declared != typeof(object))
            type = Name(declared);
        else if (value is IEnumerable)
            type = "?";
        else
        {
            var visible = value.GetType();
            while (!IsPublic(visible)) visible = visible.BaseType;
            type = visible == typeof(object) ? "?" : "~" + Name(visible);
        }
        return new Outcome { Type = type, Text = text };
    }

    static bool IsPublic(Type type)
    {
        if (type.IsArray) return IsPublic(type.GetElementType());
        return type.IsVisible || type.IsGenericType && IsVisibleDefinition(type.GetGenericTypeDefinition());
    }

    static bool IsVisibleDefinition(Type type)
    {
        return type.IsVisible;
    }

    static bool IsAnonymous(Type type)
    {
        return type.Name.StartsWith("<>f__AnonymousType");
    }

    static readonly Dictionary<Type, string> Keywords = new Dictionary<Type, string>
    {
        { typeof(object), "object" }, { typeof(string), "string" }, { typeof(bool), "bool" }, { typeof(char), "char" },
        { typeof(sbyte), "sbyte" }, { typeof(byte), "byte" }, { typeof(short), "short" }, { typeof(ushort), "ushort" },
        { typeof(int), "int" }, { typeof(uint), "uint" }, { typeof(long), "long" }, { typeof(ulong), "ulong" },
        { typeof(float), "float" }, { typeof(double), "double" }, { typeof(decimal), "decimal" }, { typeof(void), "void" },
    };

    public static string Name(Type type)
    {
        string keyword;
        if (Keywords.TryGetValue(type, out keyword)) return keyword;
        if (type.IsArray)
        {
            var brackets = "";
            while (type.IsArray)
            {
                brackets += "[" + new string(',', type.GetArrayRank() - 1) + "]";
                type = type.GetElementType();
            }
            return Name(type) + brackets;
        }
        if (!type.IsGenericType) return type.Name;
        var arguments = type.GetGenericArguments();
        if (type.FullName.StartsWith("System.Nullable`")) return Name(arguments[0]) + "?";
        if (type.FullName.StartsWith("System.ValueTuple`"))
        {
            var elements = new List<string>();
            while (arguments.Length == 8)
            {
                elements.AddRange(arguments.Take(7).Select(Name));
                arguments = arguments[7].GetGenericArguments();
            }
            elements.AddRange(arguments.Select(Name));
            return "(" + string.Join(", ", elements) + ")";
        }
        if (IsAnonymous(type))
            return "<anonymous type: " + string.Join(", ", type.GetProperties().Select(p => Name(p.PropertyType) + " " + p.Name)) + ">";
        return type.Name.Split('`')[0] + "<" + string.Join(",", arguments.Select(Name)) + ">";
    }

    static string Text(object value, int depth)
    {
        if (value == null) return "<null>";
        var bytes = value as byte[];
        if (bytes != null && value.GetType() == typeof(byte[])) return string.Concat(bytes.Select(b => b.ToString("x2")));
        var text = value as string;
        if (text != null) return Escape(text);
        var token = value as JToken;
        if (token != null) return Escape(token.ToString(Newtonsoft.Json.Formatting.None));
        var full = value.GetType().FullName ?? "";
        var items = value as IEnumerable;
        // Nodes and tokens show themselves; iterators of their libraries are sequences as any other.
        var shows = full.StartsWith("System.Xml.") || full.StartsWith("Newtonsoft.");
        if (items != null && depth < 20 && (value is Array || !shows || !value.GetType().IsVisible && value is IEnumerator))
        {
            var shown = new StringBuilder("[");
            var count = 0;
            foreach (var item in items)
            {
                if (count > 0) shown.Append(", ");
                if (count == MostItems) return "too long";
                count += 1;
                shown.Append(Text(item, depth + 1));
            }
            return shown.Append("]").ToString();
        }
        text = Convert.ToString(value, CultureInfo.InvariantCulture);
        if (text == value.GetType().ToString() && !value.GetType().IsVisible) return "?";
        return text == null ? "" : Escape(text);
    }

    static string Escape(string text)
    {
        var shown = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                shown.Append(c).Append(text[++i]);
            else if (c == '\\') shown.Append("\\\\");
            else if (c == '\n') shown.Append("\\n");
            else if (c == '\r') shown.Append("\\r");
            else if (c == '\t') shown.Append("\\t");
            else if (char.IsControl(c) || char.IsSurrogate(c) || c == '\ufffd' || c == '\u2028' || c == '\u2029')
                shown.Append("\\u").Append(((int)c).ToString("x4"));
            else shown.Append(c);
        }
        return shown.ToString();
    }

    static Outcome Evaluate(MethodInfo method)
    {
        try
        {
            try
            {
                if (method.ReturnType == typeof(Outcome))
                    return ((Func<Outcome>)Delegate.CreateDelegate(typeof(Func<Outcome>), method))();
                return ShowBoxed(((Func<object>)Delegate.CreateDelegate(typeof(Func<object>), method))());
            }
            catch (TargetInvocationException e) when (e.InnerException != null)
            {
                throw e.InnerException;
            }
        }
        catch (Exception e)
        {
            var type = e.GetType();
            while (!type.IsVisible && type.Name != "RegexParseException") type = type.BaseType;
            return new Outcome { Type = "-", Text = "throws " + type.Name };
        }
    }

    public static int Main(string[] arguments)
    {
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        Thread.CurrentThread.CurrentCulture = CultureInfo.InvariantCulture;
        var from = int.Parse(arguments[1]);
        var assembly = Assembly.LoadFrom(arguments[0]);
        var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
        var thread = new Thread(() =>
        {
            Thread.CurrentThread.CurrentCulture = CultureInfo.InvariantCulture;
            var methods = assembly.GetTypes()
                .Where(t => t.Name.StartsWith("B_"))
                .SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly))
                .Where(m => m.Name.StartsWith("E_"))
                .Select(m => new { Index = int.Parse(m.Name.Substring(2)), Method = m })
                .Where(m => m.Index >= from)
                .OrderBy(m => m.Index);
            foreach (var m in methods)
            {
                output.Write(m.Index + "\n");
                output.Flush();
                var outcome = Evaluate(m.Method);
                output.Write("\t" + outcome.Type + "\t" + outcome.Text + "\n");
            }
            output.Write("end\n");
            output.Flush();
        }, 64 << 20);
        thread.Start();
        thread.Join();
        return 0;
    }
}
