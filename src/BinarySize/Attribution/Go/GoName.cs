using System.Globalization;
using System.Text;

namespace BinarySize.Attribution.Go;

/// <summary>Takes Go's symbol names apart: <c>net/http.(*Server).Serve.func1</c>, <c>slices.Sort[...]</c>, <c>type:.eq.main.pair</c>.</summary>
/// <param name="Package">Import path, unescaped; <c>runtime</c> for names without one, which are assembly.</param>
/// <param name="Type">Receiver or type; empty where there is none.</param>
/// <param name="Member">Function or method without its closures.</param>
public readonly record struct GoName(string Package, string Type, string Member)
{
    /// <summary>Takes a name apart; never fails, whatever the name.</summary>
    public static GoName Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        // Functions that the compiler makes for a type: "type:" since Go 1.20, "type." before.
        foreach (string made in (ReadOnlySpan<string>)[".eq.", ".hash."])
        {
            foreach (string prefix in (ReadOnlySpan<string>)["type:", "type."])
            {
                if (!name.StartsWith(prefix + made, StringComparison.Ordinal)) continue;
                string type = name[(prefix.Length + made.Length)..];
                (string package, string behind) = Split(type);
                // Arrays and structs without a name belong to no package.
                bool named = package.Length > 0 && !type.StartsWith('[') && !type.StartsWith("struct", StringComparison.Ordinal);
                return new GoName(named ? package : "runtime", named ? behind : "unnamed types", made == ".eq." ? "equality" : "hash");
            }
        }
        (string path, string function) = Split(name);
        if (path.Length == 0) return new GoName("runtime", "", function);

        string receiver = "";
        if (function.StartsWith('('))
        {
            // (*T).M or (T).M, T maybe with type arguments in brackets.
            int close = Closing(function);
            receiver = function[1..close].TrimStart('*');
            function = close + 2 <= function.Length ? function[Math.Min(function.Length, close + 2)..] : "";
            receiver = WithoutArguments(receiver);
            function = First(function);
        }
        else
        {
            string first = First(function);
            string inner = function.Length > first.Length ? function[(first.Length + 1)..] : "";
            string second = First(inner);
            // T.M is a method; f.func1, f.1, f.gowrap1, init.0 lie inside of f.
            if (second.Length > 0 && !IsInner(second) && first is not ("init" or "glob"))
            {
                receiver = WithoutArguments(first);
                function = second;
            }
            else function = first;
        }
        function = WithoutArguments(function);
        if (function.EndsWith("-fm", StringComparison.Ordinal)) function = function[..^3];
        return new GoName(path, receiver, function.Length > 0 ? function : "init");
    }

    // The import path ends at the first dot behind the last slash, and both lie before any type argument.
    private static (string Package, string Behind) Split(string name)
    {
        int end = name.AsSpan().IndexOfAny("[({ ");
        ReadOnlySpan<char> head = end >= 0 ? name.AsSpan(0, end) : name;
        int slash = head.LastIndexOf('/');
        int dot = head[(slash + 1)..].IndexOf('.');
        if (dot < 0 || slash + 1 + dot == 0) return ("", name);
        return (Unescape(name[..(slash + 1 + dot)]), name[(slash + 2 + dot)..]);
    }

    // Up to the next dot outside of brackets.
    private static string First(string text)
    {
        int depth = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '[') depth++;
            else if (text[i] == ']') depth--;
            else if (text[i] == '.' && depth == 0) return text[..i];
        }
        return text;
    }

    private static int Closing(string text)
    {
        int depth = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '(') depth++;
            else if (text[i] == ')' && --depth == 0) return i;
        }
        return text.Length;
    }

    private static string WithoutArguments(string name)
    {
        int bracket = name.IndexOf('[', StringComparison.Ordinal);
        return bracket > 0 ? name[..bracket] : name;
    }

    private static bool IsInner(string name)
    {
        if (char.IsAsciiDigit(name[0])) return true;
        foreach (string word in (ReadOnlySpan<string>)["func", "gowrap", "deferwrap", "dwrap"])
        {
            if (name.StartsWith(word, StringComparison.Ordinal) && (name.Length == word.Length || char.IsAsciiDigit(name[word.Length]) || name[word.Length] == '\u00B7')) return true;
        }
        return false;
    }

    // Dots in the last element of an import path, and odd characters anywhere, are written %2e.
    private static string Unescape(string path)
    {
        if (!path.Contains('%', StringComparison.Ordinal)) return path;
        var text = new StringBuilder(path.Length);
        for (int i = 0; i < path.Length; i++)
        {
            if (path[i] == '%' && i + 2 < path.Length && byte.TryParse(path.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                text.Append((char)value);
                i += 2;
            }
            else text.Append(path[i]);
        }
        return text.ToString();
    }
}
