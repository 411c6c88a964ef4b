using System.Buffers;

namespace BinarySize.Retention;

/// <summary>Names and reasons of compilers in the words of who wrote the source.</summary>
internal static class FriendlyNames
{
    // By rank: of several reasons on the way from one member to the next the first of these says most.
    private static readonly (string Reason, string Words)[] s_words =
    [
        ("newobj", "creates"), ("newarr", "creates an array of"), ("call", "calls"), ("callvirt", "calls"), ("Call to interesting method", "calls"),
        ("ldftn", "takes a delegate of"), ("ldvirtftn", "takes a delegate of"), ("Delegate target method", "takes a delegate of"),
        ("ldtoken", "names"), ("box", "boxes"), ("Box", "boxes"), ("castclass", "casts to"), ("isinst", "tests for"), ("IsInst/CastClass", "tests for"),
        ("ldsfld", "reads"), ("ldsflda", "reads"), ("stsfld", "writes"), ("ldfld", "reads"), ("stfld", "writes"), ("ldstr", "uses a literal of"),
        ("Virtual method call", "calls"), ("Interface method use", "calls"), ("Reflection invoke", "lets reflection call"),
        ("Virtual method", "calls, by virtual dispatch,"), ("Interface vtable slice", "calls, by virtual dispatch,"), ("Primary", "calls, by virtual dispatch,"),
        ("Secondary", "calls, by virtual dispatch,"), ("Instance method on a constructed type", "calls, by virtual dispatch,"),
        ("VTable", "has in its virtual table"), ("Sealed Vtable", "has in its virtual table"),
        ("Base type VTable", "derives from"), ("Base type of a reflectable type", "derives from"), ("VTable of the interface", "implements"),
        ("Interface for a dispatch map", "implements"), ("Attribute constructor", "has the attribute"), ("Attribute type", "has the attribute"),
        ("Generic dictionary dependency", "instantiates"), ("Dictionary dependency", "instantiates"), ("Dictionary contents", "instantiates"),
    ];

    /// <summary>How a member leads to the next, by the reasons on the way.</summary>
    public static string Words(IReadOnlyList<string> reasons, bool isCall)
    {
        foreach ((string reason, string words) in s_words)
        {
            for (int i = 0; i < reasons.Count; i++)
            {
                if (reasons[i] == reason) return words;
            }
        }
        foreach (string reason in reasons)
        {
            if (reason.Contains("eflect", StringComparison.Ordinal) || reason.Contains("metadata", StringComparison.Ordinal)) return "shows to reflection";
        }
        return isCall ? "calls" : "needs";
    }

    /// <summary>What a root stands for.</summary>
    public static string Root(string name) => name switch
    {
        "Startup Code Main Method" => "entry point",
        "Runtime export" or "Native callable" => "called by the native runtime",
        _ when name.StartsWith("Assembly:", StringComparison.Ordinal) => "root assembly",
        _ when name.StartsWith("Other:", StringComparison.Ordinal) => name["Other:".Length..],
        _ => name,
    };

    /// <summary>"Query.Build", "new Query", "Query.Run (lambda)".</summary>
    /// <param name="type">A type as in metadata, nested ones with '+'.</param>
    /// <param name="member">A method or field; null for the type itself.</param>
    public static string Member(string type, string? member)
    {
        string[] parts = type.Split('+');
        int last = parts.Length - 1;
        string? inside = null;
        // What the C# compiler makes of lambdas and of async and iterator methods.
        while (last > 0 && parts[last].StartsWith('<'))
        {
            inside ??= Between(parts[last]);
            last--;
        }
        string name = WithoutArity(parts[last]);
        if (name == "<Module>") return "startup code";
        if (name.StartsWith('<')) name = "compiler-made " + name.Trim('<', '>');
        if (member is null) return inside is { Length: > 0 } ? $"{name}.{inside}" : name;
        if (member.StartsWith('<'))
        {
            string outer = Between(member);
            int local = member.IndexOf(">g__", StringComparison.Ordinal), bar = member.IndexOf('|');
            if (local > 0 && bar > local) return $"{name}.{outer}.{member[(local + 4)..bar]}";
            if (member.Contains(">b__", StringComparison.Ordinal)) return $"{name}.{outer} (lambda)";
            if (outer.Length > 0) return $"{name}.{outer}";
        }
        if (inside is { Length: > 0 }) return $"{name}.{inside}";
        return member switch
        {
            ".ctor" => $"new {name}",
            ".cctor" => $"{name} (static constructor)",
            _ => $"{name}.{member[(member.LastIndexOf('.') + 1)..]}",
        };
    }

    /// <summary>
    /// A method's symbol as the NativeAOT compiler makes it, taken apart: "App_Settings__Load_0" is "App_Settings" and "Load".
    /// Null for whatever is no plain method (its compiler-made names begin with an underscore or have other characters).
    /// </summary>
    public static (string Type, string Member)? Split(string symbol)
    {
        if (symbol.Length == 0 || symbol[0] == '_' || symbol.AsSpan().ContainsAnyExcept(s_symbol)) return null;
        int at = symbol.LastIndexOf("__", StringComparison.Ordinal);
        if (at <= 0) return null;
        // ".ctor" is "_ctor".
        string type = symbol[..at], member = symbol[(at + 2)..];
        if (type.EndsWith('_')) (type, member) = (type[..^1], "." + member);
        int number = member.LastIndexOf('_');
        if (number > 0 && number < member.Length - 1 && !member.AsSpan(number + 1).ContainsAnyExceptInRange('0', '9')) member = member[..number];
        return type.Length == 0 || member.Length == 0 ? null : (type, member);
    }

    private static readonly SearchValues<char> s_symbol = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    // "<Run>d__3", "<<Main>$>d__0", "<>c"
    private static string Between(string name)
    {
        int depth = 0;
        for (int i = 0; i < name.Length; i++)
        {
            depth += name[i] == '<' ? 1 : name[i] == '>' ? -1 : 0;
            if (depth > 0) continue;
            string inner = name[1..i];
            return inner.StartsWith('<') && inner.Length > 1 ? Between(inner) : inner;
        }
        return "";
    }

    private static string WithoutArity(string name) => name.IndexOf('`') is > 0 and var tick ? name[..tick] : name;
}
