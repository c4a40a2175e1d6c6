// Prints the public members that the types of a list declare, one a line: type, kind, declaration in C#.
// Arguments: the list, and Newtonsoft.Json.dll.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;

static class Members
{
    static readonly string[] Assemblies =
    {
        "System.Private.CoreLib", "System.Runtime", "System.Collections", "System.Linq", "System.Private.Xml", "System.Private.Xml.Linq",
        "System.Security.Cryptography.Algorithms", "System.Security.Cryptography.Primitives",
        "System.Security.Cryptography.X509Certificates", "System.Security.Cryptography.Encoding",
        "System.Security.Cryptography.Csp", "System.Private.Uri", "System.Net.Primitives", "System.Runtime.Extensions",
        "System.Text.RegularExpressions",
    };

    static readonly Dictionary<Type, string> Keywords = new Dictionary<Type, string>
    {
        [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(char)] = "char",
        [typeof(sbyte)] = "sbyte", [typeof(byte)] = "byte", [typeof(short)] = "short", [typeof(ushort)] = "ushort",
        [typeof(int)] = "int", [typeof(uint)] = "uint", [typeof(long)] = "long", [typeof(ulong)] = "ulong",
        [typeof(float)] = "float", [typeof(double)] = "double", [typeof(decimal)] = "decimal", [typeof(void)] = "void",
    };

    static string Name(Type type)
    {
        if (type.IsByRef) return Name(type.GetElementType());
        if (Keywords.TryGetValue(type, out var keyword)) return keyword;
        if (type.IsArray) return Name(type.GetElementType()) + "[" + new string(',', type.GetArrayRank() - 1) + "]";
        if (type.IsPointer) return Name(type.GetElementType()) + "*";
        var underlying = Nullable.GetUnderlyingType(type);
        if (underlying != null) return Name(underlying) + "?";
        if (!type.IsGenericType) return type.Name;
        return type.Name.Split('`')[0] + "<" + string.Join(", ", type.GetGenericArguments().Select(Name)) + ">";
    }

    static string Parameters(IEnumerable<ParameterInfo> parameters) => string.Join(", ", parameters.Select(p =>
    {
        var isParams = p.GetCustomAttributes().Any(a => a is ParamArrayAttribute);
        var way = p.IsOut ? "out " : p.ParameterType.IsByRef ? "ref " : isParams ? "params " : "";
        return way + Name(p.ParameterType) + " " + p.Name;
    }));

    static Type Find(string name, string json)
    {
        foreach (var assembly in Assemblies)
        {
            var type = Assembly.Load(assembly).GetType(name);
            if (type != null) return type;
        }
        return Assembly.LoadFrom(json).GetType(name);
    }

    static void Main(string[] arguments)
    {
        foreach (var name in File.ReadLines(arguments[0]).Where(line => line != ""))
        {
            var type = Find(name, Path.GetFullPath(arguments[1]));
            void Print(string kind, string text) => Console.WriteLine(name + "\t" + kind + "\t" + text);
            if (type == null)
            {
                Console.Error.WriteLine("no type " + name);
                continue;
            }
            if (type.IsEnum)
            {
                foreach (var value in Enum.GetNames(type)) Print("value", value);
                continue;
            }
            const BindingFlags own =
                BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
            foreach (var constructor in type.GetConstructors(own))
                Print("constructor", "(" + Parameters(constructor.GetParameters()) + ")");
            foreach (var field in type.GetFields(own)) Print("field", Name(field.FieldType) + " " + field.Name);
            foreach (var property in type.GetProperties(own))
            {
                var indices = property.GetIndexParameters();
                var member = indices.Length > 0 ? "this[" + Parameters(indices) + "]" : property.Name;
                var set = property.GetSetMethod() != null ? " set" : "";
                Print("property" + set, Name(property.PropertyType) + " " + member);
            }
            foreach (var method in type.GetMethods(own))
            {
                var isAccessor = method.IsSpecialName && !method.Name.StartsWith("op_");
                // What overrides is declared by a base.
                if (isAccessor || method.IsVirtual && method.GetBaseDefinition() != method) continue;
                var generics = method.IsGenericMethod
                    ? "<" + string.Join(", ", method.GetGenericArguments().Select(Name)) + ">"
                    : "";
                var text = Name(method.ReturnType) + " " + method.Name + generics;
                Print(method.IsStatic ? "static method" : "method", text + "(" + Parameters(method.GetParameters()) + ")");
            }
            foreach (var change in type.GetEvents(own)) Print("event", change.Name);
        }
    }
}
