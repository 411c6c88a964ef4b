using System.Buffers;
using System.Globalization;
using System.Text;

namespace BinarySize.Rendering;

/// <summary>
/// Names of files, symbols and packages are input, and most places where they are shown read some of it as commands. One
/// escaper a sink; each returns the very same string where there is nothing to escape. What cannot be seen (controls,
/// bidirectional and zero-width characters, surrogates) is shown as \uXXXX everywhere, and "##" never passes, since CI
/// systems look for "##vso[", "##teamcity[" and "##[" anywhere in a line, no matter what a tool meant to print.
/// </summary>
public static class Escape
{
    /// <summary>Characters that a log line has at most.</summary>
    public const int MaxLineLength = 4000;

    /// <summary>Characters that a name in Markdown has at most.</summary>
    public const int MaxMarkdownLength = 300;

    private const string Ellipsis = "...";

    // What four digits follow.
    private const string Number = "\\u", TeamCityNumber = "|0x";

    // GitHub's reader knows no fence of more than 80 backticks, and quotes everything up to it as text.
    private const int MaxFence = 40;

    private enum Sink : byte
    {
        Visible,
        Log,
        Ascii,
        GitHubData,
        GitHubProperty,
        AzureData,
        AzureProperty,
        TeamCity,
        Markdown,
        MarkdownTable,
        Html,
        Csv,
    }

    // What each sink takes as it is; everything else is looked at one by one.
    private static readonly SearchValues<char>
        s_visible = PrintableExcept(""), s_log = PrintableExcept("#"), s_gitHubData = PrintableExcept("#%"), s_gitHubProperty = PrintableExcept("#%:,"),
        s_azureData = PrintableExcept("#%"), s_azureProperty = PrintableExcept("#%;]"), s_teamCity = PrintableExcept("#|'[]"),
        s_markdown = PrintableExcept("#"), s_markdownTable = PrintableExcept("#|\\"), s_html = PrintableExcept("#&<>\"'");

    private static readonly SearchValues<char> s_quoted = SearchValues.Create(",\"");

    /// <summary>
    /// For any line of a log, whole or a part of it: one line without control or format characters, without "##", and
    /// without "::" at its start.
    /// </summary>
    /// <param name="text">The line, or a name in it.</param>
    /// <param name="maxLength">Characters that the result has at most; what is too long loses its middle.</param>
    public static string LogLine(string text, int maxLength = MaxLineLength) => Fit(text, Sink.Log, maxLength);

    /// <summary>As <see cref="LogLine"/>, with everything that is not ASCII as \uXXXX: one column a character on every console.</summary>
    public static string Ascii(string text, int maxLength = MaxLineLength) => Fit(text, Sink.Ascii, maxLength);

    /// <summary>Only what cannot be seen is replaced, for sinks that take text as text.</summary>
    public static string Visible(string text, int maxLength = MaxLineLength) => Fit(text, Sink.Visible, maxLength);

    /// <summary>The message of a GitHub workflow command: ::error::MESSAGE.</summary>
    public static string GitHubData(string text) => Encode(text, Sink.GitHubData);

    /// <summary>A property of a GitHub workflow command: ::error file=VALUE::.</summary>
    public static string GitHubProperty(string text) => Encode(text, Sink.GitHubProperty);

    /// <summary>The message of an Azure Pipelines logging command: ##vso[task.logissue]MESSAGE.</summary>
    public static string AzureData(string text) => Encode(text, Sink.AzureData);

    /// <summary>A property of an Azure Pipelines logging command: ##vso[task.logissue sourcepath=VALUE].</summary>
    public static string AzureProperty(string text) => Encode(text, Sink.AzureProperty);

    /// <summary>A value of a TeamCity service message: ##teamcity[message text='VALUE'].</summary>
    public static string TeamCity(string text) => Encode(text, Sink.TeamCity);

    /// <summary>
    /// A Markdown code span that shows the text and nothing else (CommonMark 0.31, section 6.1): its fence is one backtick
    /// longer than the longest run inside, and a space stands on both sides, which the reader takes off again.
    /// </summary>
    /// <param name="text">What is shown.</param>
    /// <param name="inTable">In a cell of a GFM table, '|' ends the cell even inside a code span.</param>
    /// <param name="maxLength">Characters that are shown at most.</param>
    public static string MarkdownCode(string text, bool inTable = true, int maxLength = MaxMarkdownLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0) return "(no name)";
        string shown = Fit(text, inTable ? Sink.MarkdownTable : Sink.Markdown, maxLength);
        int longest = LongestRun(shown);
        if (longest > MaxFence)
        {
            shown = Shorten(shown.Replace("`", "\\u0060", StringComparison.Ordinal), maxLength);
            longest = 0;
        }
        string fence = longest == 0 ? "`" : new string('`', longest + 1);
        // Of a span that is nothing but spaces the reader takes none off.
        return shown.AsSpan().Trim(' ').IsEmpty ? $"{fence}{shown}{fence}" : $"{fence} {shown} {fence}";
    }

    private static int LongestRun(string text)
    {
        int longest = 0, run = 0;
        foreach (char c in text)
        {
            run = c == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }
        return longest;
    }

    /// <summary>Text and attribute values of HTML.</summary>
    public static string Html(string text) => Encode(text, Sink.Html);

    /// <summary>
    /// A field of a CSV file (RFC 4180): always on one line, never a formula, quoted where it has to be.
    /// </summary>
    public static string Csv(string text)
    {
        string field = Encode(text, Sink.Csv);
        // The second four are what a spreadsheet with an East Asian locale takes for the first.
        if (field.Length > 0 && field[0] is '=' or '+' or '-' or '@' or '\uFF1D' or '\uFF0B' or '\uFF0D' or '\uFF20') field = "'" + field;
        if (field.AsSpan().ContainsAny(s_quoted) || field.StartsWith(' ') || field.EndsWith(' ')) return $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        return field;
    }

    /// <summary>A text that is too long without its middle; an escape is not cut in two.</summary>
    public static string Shorten(string text, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length <= maxLength ? text : Join(text, text, maxLength);
    }

    private static string Fit(string text, Sink sink, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        // Escaping only lengthens, so that of a very long name its two ends are enough.
        return text.Length <= maxLength
            ? Shorten(Encode(text, sink), maxLength)
            : Join(Encode(text[..maxLength], sink), Encode(text[^maxLength..], sink), maxLength);
    }

    private static string Join(string start, string end, int maxLength)
    {
        if (maxLength <= Ellipsis.Length) return Ellipsis[..Math.Max(0, maxLength)];
        int tail = (maxLength - Ellipsis.Length) / 2, head = maxLength - Ellipsis.Length - tail;
        int from = end.Length - tail;
        if (OpenEscape(start, head) is { At: >= 0 } first) head = first.At;
        if (OpenEscape(end, from) is { At: >= 0 } last) from = last.End;
        // A bar without its backslash would end a table's cell.
        while (from > 0 && from < end.Length && end[from] == '|' && end[from - 1] == '\\') from++;
        return string.Concat(start.AsSpan(0, head), Ellipsis, end.AsSpan(from));
    }

    // The \uXXXX that a cut would go through; At is -1 where it goes through none.
    private static (int At, int End) OpenEscape(string text, int cut)
    {
        for (int i = Math.Max(0, cut - 5); i < cut; i++)
        {
            if (text.AsSpan(i).StartsWith("\\u")) return (i, Math.Min(text.Length, i + 6));
        }
        return (-1, -1);
    }

    private static string Encode(string text, Sink sink)
    {
        ArgumentNullException.ThrowIfNull(text);
        int from = text.AsSpan().IndexOfAnyExcept(SafeFor(sink));
        int command = sink is Sink.Log or Sink.Ascii or Sink.Csv ? CommandAt(text) : -1;
        if (from < 0 && command < 0) return text;
        StringBuilder? output = null;
        int copied = 0;
        for (int i = command < 0 ? from : from < 0 ? command : Math.Min(from, command); i < text.Length; i++)
        {
            char c = text[i];
            string? with = i == command ? ":\\u003a"
                : c == '#' && i > 0 && text[i - 1] == '#' ? SecondHash(sink)
                : c == '\\' && sink == Sink.MarkdownTable ? (i + 1 < text.Length && text[i + 1] == '|' ? "\\u005C" : null)
                : Replacement(sink, c);
            if (with is null) continue;
            output ??= new StringBuilder(text.Length + 32);
            output.Append(text, copied, i - copied).Append(with);
            if (with is Number or TeamCityNumber) output.Append(Digit(c >> 12)).Append(Digit(c >> 8)).Append(Digit(c >> 4)).Append(Digit(c));
            if (i == command) i++;
            copied = i + 1;
        }
        return output is null ? text : output.Append(text, copied, text.Length - copied).ToString();
    }

    // GitHub takes a line for a command where it starts with "::" after white space is trimmed off.
    private static int CommandAt(string text)
    {
        int i = 0;
        while (i < text.Length && char.IsWhiteSpace(text[i])) i++;
        return i + 1 < text.Length && text[i] == ':' && text[i + 1] == ':' ? i : -1;
    }

    private static string? SecondHash(Sink sink) => sink switch
    {
        Sink.Visible => null,
        Sink.Html => "&#35;",
        Sink.TeamCity => "|0x0023",
        _ => "\\u0023",
    };

    private static string? Replacement(Sink sink, char c)
    {
        string? special = (sink, c) switch
        {
            (Sink.GitHubData or Sink.GitHubProperty, '%') => "%25",
            (Sink.GitHubProperty, ':') => "%3A",
            (Sink.GitHubProperty, ',') => "%2C",
            (Sink.AzureData or Sink.AzureProperty, '%') => "%AZP25",
            (Sink.AzureProperty, ';') => "%3B",
            (Sink.AzureProperty, ']') => "%5D",
            (Sink.GitHubData or Sink.GitHubProperty or Sink.AzureData or Sink.AzureProperty, '\r') => "%0D",
            (Sink.GitHubData or Sink.GitHubProperty or Sink.AzureData or Sink.AzureProperty, '\n') => "%0A",
            (Sink.TeamCity, '|') => "||",
            (Sink.TeamCity, '\'') => "|'",
            (Sink.TeamCity, '[') => "|[",
            (Sink.TeamCity, ']') => "|]",
            (Sink.TeamCity, '\n') => "|n",
            (Sink.TeamCity, '\r') => "|r",
            (Sink.MarkdownTable, '|') => "\\|",
            (Sink.Html, '&') => "&amp;",
            (Sink.Html, '<') => "&lt;",
            (Sink.Html, '>') => "&gt;",
            (Sink.Html, '"') => "&quot;",
            (Sink.Html, '\'') => "&#39;",
            _ => null,
        };
        if (special is not null) return special;
        return sink switch
        {
            Sink.TeamCity => c is < ' ' or > '~' ? TeamCityNumber : null,
            Sink.Ascii => c is < ' ' or > '~' ? Number : null,
            _ => IsUnseen(c) ? Number : null,
        };
    }

    private static bool IsUnseen(char c)
    {
        if (c < 0x7F) return c < ' ';
        return CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate;
    }

    private static char Digit(int number) => "0123456789ABCDEF"[number & 0xF];

    private static SearchValues<char> SafeFor(Sink sink) => sink switch
    {
        Sink.Visible => s_visible,
        Sink.GitHubData => s_gitHubData,
        Sink.GitHubProperty => s_gitHubProperty,
        Sink.AzureData => s_azureData,
        Sink.AzureProperty => s_azureProperty,
        Sink.TeamCity => s_teamCity,
        Sink.Markdown => s_markdown,
        Sink.MarkdownTable => s_markdownTable,
        Sink.Html => s_html,
        _ => s_log,
    };

    private static SearchValues<char> PrintableExcept(string special)
    {
        Span<char> characters = stackalloc char['~' - ' ' + 1];
        int count = 0;
        for (char c = ' '; c <= '~'; c++)
        {
            if (!special.Contains(c)) characters[count++] = c;
        }
        return SearchValues.Create(characters[..count]);
    }
}
