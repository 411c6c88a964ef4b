using System.Text;
using BinarySize.Attribution.Symbols;

namespace BinarySize.Baselines;

/// <summary>Names without the scopes that they are in, and how alike two of them are.</summary>
internal static class SimpleNames
{
    /// <summary>The last name of a symbol (with its signature where it has one) or of a path; the name itself where it has no scope.</summary>
    /// <param name="normal">The name, without what is made up in it.</param>
    /// <param name="kind">What it names.</param>
    public static string Of(string normal, string kind)
    {
        if (kind is "file" or "folder") return normal[(normal.LastIndexOf('/') + 1)..];
        if (kind != "symbol") return normal;
        string name = MadeUpNames.WithoutSuffixes(normal);
        if (Demangler.TryDemangle(Encoding.UTF8.GetBytes(Mangled(name)), out string demangled)) return LastOf(demangled);
        // Go: "path/of.package.Function"; the path's own dots are before its last slash.
        int from = name.LastIndexOf('/') + 1, dot = name.IndexOf('.', from);
        return dot > 0 && dot + 1 < name.Length && (char.IsAsciiLetter(name[dot + 1]) || name[dot + 1] is '(' or '_') ? name[(dot + 1)..] : name;
    }

    /// <summary>True where at least half of the longer name is a beginning and an end that both have.</summary>
    public static bool AreAlike(string a, string b)
    {
        int shorter = Math.Min(a.Length, b.Length), prefix = a.AsSpan().CommonPrefixLength(b), suffix = 0;
        while (suffix < shorter - prefix && a[a.Length - 1 - suffix] == b[b.Length - 1 - suffix]) suffix++;
        return 2 * (prefix + suffix) >= Math.Max(a.Length, b.Length);
    }

    // The hash that was taken out is not part of the grammar.
    private static string Mangled(string name)
    {
        int hash = name.IndexOf("17h#E", StringComparison.Ordinal);
        if (hash >= 0) return string.Concat(name.AsSpan(0, hash), "E");
        return name.Contains("Cs#_", StringComparison.Ordinal) ? name.Replace("Cs#_", "C", StringComparison.Ordinal) : name;
    }

    // What follows the last "::" that stands in no brackets, before the parameters.
    private static string LastOf(string demangled)
    {
        int depth = 0, from = 0;
        for (int i = 0; i + 1 < demangled.Length; i++)
        {
            switch (demangled[i])
            {
                case '(' when depth == 0 && from < i && !demangled.AsSpan(i).StartsWith("(anonymous namespace)"):
                    return demangled[from..];
                case '<' or '(' or '[' or '{':
                    depth++;
                    break;
                case '>' when i > 0 && demangled[i - 1] == '-':
                    break;
                case '>' or ')' or ']' or '}':
                    depth = Math.Max(0, depth - 1);
                    break;
                case ':' when depth == 0 && demangled[i + 1] == ':':
                    from = i + 2;
                    i++;
                    break;
            }
        }
        return demangled[from..];
    }
}
