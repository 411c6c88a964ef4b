using System.Buffers;
using System.Text;

namespace BinarySize.Baselines;

/// <summary>
/// Takes out of a name what a toolchain makes up anew for every build: hashes, indexes, clone suffixes, versions. Two names
/// with the same result may mean the same thing; which ones do is for the caller to say.
/// </summary>
internal static class MadeUpNames
{
    // Shorter runs of hexadecimal digits are words and numbers (Rust's legacy hash has 16, content hashes 32, 40 and 64).
    private const int LeastHash = 16;

    // What a number follows that only counts: C# closures, lambdas and anonymous types, NativeAOT's data, Go's closures, functions without a name.
    private static readonly string[] s_counted =
    [
        "DisplayClass", "AnonymousType", "AnonymousDelegate", "FrozenObject_", "FrozenObj_", "__", "|",
        ".func", ".gowrap", ".deferwrap", "stmp_", "func[",
    ];

    // What compilers append to the name of a function that they split, copied or made local.
    private static readonly string[] s_suffixes = [".isra", ".constprop", ".part", ".cold", ".lto_priv", ".localalias", ".llvm", ".clone", ".__uniq", ".warm", ".hot", ".unlikely"];

    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789"), s_hexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>A name without what is made up in it.</summary>
    /// <param name="name">The name.</param>
    /// <param name="kind">What it names, as in <see cref="Reports.ReportNode.Kind"/>.</param>
    /// <param name="counted">
    /// True where a number was taken out that only counts: another thing may have that number in another build, so that even
    /// equal names need not mean the same thing.
    /// </param>
    public static string Normalize(string name, string kind, out bool counted)
    {
        counted = false;
        if (!name.AsSpan().ContainsAny(s_digits)) return name;
        if (kind is "file" or "folder") return FilePath(name);
        bool isSymbol = kind is "symbol" or "member";
        bool isRustV0 = name.Contains("_R", StringComparison.Ordinal);
        StringBuilder? text = null;
        int copied = 0;
        for (int i = 0; i < name.Length;)
        {
            int end = Hash(name, i);
            if (end < 0 && isRustV0) end = Disambiguator(name, i);
            if (end < 0 && kind is "package" or "assembly") end = Version(name, i);
            if (end < 0 && (end = Count(name, i, isSymbol)) >= 0) counted = true;
            if (end < 0)
            {
                i++;
                continue;
            }
            text ??= new StringBuilder(name.Length);
            text.Append(name, copied, i - copied).Append('#');
            copied = i = end;
        }
        return text is null ? name : text.Append(name, copied, name.Length - copied).ToString();
    }

    /// <summary>A normalised symbol without the suffixes of functions that were split or copied: "f.isra.#" is "f".</summary>
    public static string WithoutSuffixes(string normalized)
    {
        ReadOnlySpan<char> rest = normalized;
        while (true)
        {
            ReadOnlySpan<char> before = rest;
            if (rest.EndsWith(".#")) rest = rest[..^2];
            foreach (string suffix in s_suffixes)
            {
                if (rest.Length > suffix.Length && rest.EndsWith(suffix)) rest = rest[..^suffix.Length];
            }
            if (rest.Length == before.Length) return rest.Length == normalized.Length ? normalized : rest.ToString();
        }
    }

    // A run of hexadecimal digits in one case; -1 where there is none at "from".
    private static int Hash(string name, int from)
    {
        int lower = Run(name, from, 'a'), upper = Run(name, from, 'A');
        int end = Math.Max(lower, upper);
        return end - from >= LeastHash && name.AsSpan(from, end - from).ContainsAny(s_digits) ? end : -1;

        static int Run(string name, int at, char a)
        {
            while (at < name.Length && (char.IsAsciiDigit(name[at]) || (name[at] >= a && name[at] <= a + 5))) at++;
            return at;
        }
    }

    // Rust v0 (RFC 2603): a crate root is "C", a disambiguator "s" base-62 "_", and the length of its name.
    private static int Disambiguator(string name, int from)
    {
        if (name[from] != 's' || from == 0 || name[from - 1] != 'C') return -1;
        int i = from + 1;
        while (i < name.Length && char.IsAsciiLetterOrDigit(name[i])) i++;
        return i + 1 < name.Length && name[i] == '_' && char.IsAsciiDigit(name[i + 1]) ? i + 1 : -1;
    }

    // "module@v1.2.3", "Name, Version=1.2.3.4", "Name 1.2.3", "Name/1.2.3".
    private static int Version(string name, int from)
    {
        if (!char.IsAsciiDigit(name[from]) || from == 0) return -1;
        char before = name[from - 1] == 'v' && from > 1 ? name[from - 2] : name[from - 1];
        if (before is not ('@' or '=' or ' ' or '/')) return -1;
        int i = from, dots = 0;
        while (i < name.Length && (char.IsAsciiLetterOrDigit(name[i]) || name[i] is '.' or '-' or '+'))
        {
            if (name[i] == '.') dots++;
            i++;
        }
        return dots > 0 ? i : -1;
    }

    private static int Count(string name, int from, bool isSymbol)
    {
        ReadOnlySpan<char> before = name.AsSpan(0, from);
        // Functions that a reader found without a name are called by their address.
        if (isSymbol && from == 5 && before is "func_" && !name.AsSpan(from).ContainsAnyExcept(s_hexDigits)) return name.Length;
        if (from == 0 || !char.IsAsciiDigit(name[from]) || char.IsAsciiDigit(name[from - 1])) return -1;
        int end = from;
        while (end < name.Length && char.IsAsciiDigit(name[end])) end++;
        if (isSymbol && name[from - 1] == '.' && (end == name.Length || name[end] is '.' or '$' or '@')) return end;
        foreach (string word in s_counted)
        {
            if (!before.EndsWith(word)) continue;
            // What is counted inside of something counted: b__3_1, func1.2.
            while (end + 1 < name.Length && name[end] is '_' or '.' && char.IsAsciiDigit(name[end + 1]))
            {
                end++;
                while (end < name.Length && char.IsAsciiDigit(name[end])) end++;
            }
            return end;
        }
        return -1;
    }

    // Fingerprints of web assets ("app.3f2a9c.js", "index-BkJQ3h8C.js", "dotnet.native.5nhp1wfg9b.wasm") and versions ("libz.so.1.3").
    private static string FilePath(string path)
    {
        var text = new StringBuilder(path.Length);
        int start = 0;
        while (start < path.Length)
        {
            int end = start;
            while (end < path.Length && path[end] is not ('.' or '-' or '/')) end++;
            ReadOnlySpan<char> token = path.AsSpan(start, end - start);
            char before = start > 0 ? path[start - 1] : '/', after = end < path.Length ? path[end] : '/';
            if (before is '.' or '-' && IsNumber(token))
            {
                // All numbers of a version are one.
                if (text.Length < 2 || text[^2] != '#') text.Append('#');
                else text.Length--;
            }
            else text.Append(before is '.' or '-' && after == '.' && IsFingerprint(token) ? "*" : token);
            if (end < path.Length) text.Append(path[end]);
            start = end + 1;
        }
        return text.ToString();
    }

    private static bool IsNumber(ReadOnlySpan<char> token) => token.Length > 0 && !token.ContainsAnyExcept(s_digits);

    private static bool IsFingerprint(ReadOnlySpan<char> token)
    {
        int digits = 0, lower = 0, upper = 0, beyondHex = 0;
        foreach (char c in token)
        {
            if (char.IsAsciiDigit(c)) digits++;
            else if (char.IsAsciiLetterLower(c)) lower++;
            else if (char.IsAsciiLetterUpper(c)) upper++;
            else return false;
            if (!char.IsAsciiHexDigit(c)) beyondHex++;
        }
        if (digits == 0 || digits == token.Length) return false;
        return beyondHex == 0 ? token.Length >= 6 : upper == 0 ? token.Length == 10 : lower > 0 && token.Length >= 8;
    }
}
