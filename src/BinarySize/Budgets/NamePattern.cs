using System.IO.Enumeration;

namespace BinarySize.Budgets;

/// <summary>
/// A pattern over names: '*' stands for any run of characters, '?' for one, everything else for itself. Case does not
/// matter, as in package ids. In paths '/' separates folders, '*' and '?' stop at it, '**' does not; a path pattern
/// without '/' looks at the last part alone.
/// </summary>
public sealed class NamePattern
{
    private readonly string _text;
    private readonly bool _isPath;

    /// <param name="text">The pattern.</param>
    /// <param name="isPath">True where names are paths.</param>
    public NamePattern(string text, bool isPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        _isPath = isPath;
        _text = isPath ? text.Replace('\\', '/') : text;
    }

    /// <summary>True where it stands for more than one name.</summary>
    public bool HasWildcard => _text.AsSpan().IndexOfAny('*', '?') >= 0;

    public override string ToString() => _text;

    public bool Matches(ReadOnlySpan<char> name)
    {
        if (!_isPath) return Simple(_text, name);
        if (_text.Contains('/')) return Path(_text, name);
        return Simple(_text, name[(name.LastIndexOf('/') + 1)..]);
    }

    // The framework's own matcher knows '\' as an escape; here it is a character like any other.
    private static bool Simple(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name) =>
        FileSystemName.MatchesSimpleExpression(pattern.Contains('\\') ? pattern.ToString().Replace("\\", "\\\\", StringComparison.Ordinal) : pattern, name, ignoreCase: true);

    private static bool Path(ReadOnlySpan<char> pattern, ReadOnlySpan<char> path)
    {
        // Folder by folder; after "**" every rest of the path is tried, from the last "**" only, so that it stays quadratic at worst.
        int p = 0, n = 0, starP = -1, starN = -1;
        while (n <= path.Length)
        {
            if (p <= pattern.Length)
            {
                ReadOnlySpan<char> part = Part(pattern, p);
                if (part is "**")
                {
                    starP = p + 3;
                    starN = n;
                    if (starP > pattern.Length) return true;
                    p = starP;
                    continue;
                }
                ReadOnlySpan<char> folder = Part(path, n);
                if (Simple(part, folder))
                {
                    p += part.Length + 1;
                    n += folder.Length + 1;
                    if (n > path.Length && p > pattern.Length) return true;
                    continue;
                }
            }
            if (starP < 0) return false;
            starN += Part(path, starN).Length + 1;
            n = starN;
            p = starP;
        }
        return p > pattern.Length;
    }

    private static ReadOnlySpan<char> Part(ReadOnlySpan<char> text, int from)
    {
        if (from > text.Length) return default;
        int end = text[from..].IndexOf('/');
        return end < 0 ? text[from..] : text.Slice(from, end);
    }
}
