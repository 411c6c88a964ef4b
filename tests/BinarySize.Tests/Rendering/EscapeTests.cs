using System.Globalization;
using System.Net;
using System.Text;
using BinarySize.Rendering;

namespace BinarySize.Tests.Rendering;

public class EscapeTests
{
    [Theory]
    [InlineData("MyApp.csproj(31,5): error BSZ2001: Size budget 'app' is 482.3 KiB over", null)]
    [InlineData("Größe 名前.dll", null)]
    [InlineData("::error::owned", ":\\u003aerror::owned")]
    [InlineData("  ::warning::x", "  :\\u003awarning::x")]
    [InlineData("\t::warning::x", "\\u0009:\\u003awarning::x")]
    [InlineData("a ::error::x", null)]
    [InlineData("##vso[task.complete]", "#\\u0023vso[task.complete]")]
    [InlineData("x ###[group]", "x #\\u0023\\u0023[group]")]
    [InlineData("C#", null)]
    [InlineData("a\r\nb\0\u001b[31m\u202e\u200b\u2028\u0085", "a\\u000D\\u000Ab\\u0000\\u001B[31m\\u202E\\u200B\\u2028\\u0085")]
    [InlineData("\ud83d\ude00", "\\uD83D\\uDE00")]
    public void Log_line_golden(string text, string? expected)
    {
        string escaped = Escape.LogLine(text);
        Assert.Equal(expected ?? text, escaped);
        if (expected is null) Assert.Same(text, escaped);
    }

    [Fact]
    public void Lone_surrogates_are_shown_by_number() => Assert.Equal("a\\uD800b\\uDC00", Escape.LogLine("a\ud800b\udc00"));

    [Theory]
    [InlineData("50% of a:b,c\r\n::error::", "50%25 of a:b,c%0D%0A::error::", "50%25 of a%3Ab%2Cc%0D%0A%3A%3Aerror%3A%3A")]
    [InlineData("%0A", "%250A", "%250A")]
    [InlineData("plain", "plain", "plain")]
    [InlineData("##[x]\u001b", "#\\u0023[x]\\u001B", "#\\u0023[x]\\u001B")]
    public void GitHub_golden(string text, string data, string property)
    {
        Assert.Equal(data, Escape.GitHubData(text));
        Assert.Equal(property, Escape.GitHubProperty(text));
        // What the runner does with it gives the text back, but for what cannot be seen.
        string back = Escape.GitHubProperty(text).Replace("%2C", ",").Replace("%3A", ":").Replace("%0D", "\r").Replace("%0A", "\n").Replace("%25", "%");
        Assert.Equal(text.Replace("##", "#\\u0023").Replace("\u001b", "\\u001B"), back);
    }

    [Theory]
    [InlineData("50% a;b]c\r\n##vso[x]", "50%AZP25 a;b]c%0D%0A#\\u0023vso[x]", "50%AZP25 a%3Bb%5Dc%0D%0A#\\u0023vso[x%5D")]
    [InlineData("%3B", "%AZP253B", "%AZP253B")]
    public void Azure_golden(string text, string data, string property)
    {
        Assert.Equal(data, Escape.AzureData(text));
        Assert.Equal(property, Escape.AzureProperty(text));
    }

    [Theory]
    [InlineData("it's [x] |n\r\n", "it|'s |[x|] ||n|r|n")]
    [InlineData("Größe\u2028\u001b", "Gr|0x00F6|0x00DFe|0x2028|0x001B")]
    [InlineData("##teamcity[x]", "#|0x0023teamcity|[x|]")]
    public void TeamCity_golden(string text, string expected) => Assert.Equal(expected, Escape.TeamCity(text));

    [Theory]
    [InlineData("List`1", "`` List`1 ``")]
    [InlineData("a", "` a `")]
    [InlineData("`", "`` ` ``")]
    [InlineData("a``b`", "``` a``b` ```")]
    [InlineData("a|b", "` a\\|b `")]
    [InlineData("a\\|b", "` a\\u005C\\|b `")]
    [InlineData("C:\\x", "` C:\\x `")]
    [InlineData("a\nb\0", "` a\\u000Ab\\u0000 `")]
    [InlineData("", "(no name)")]
    public void Markdown_golden(string text, string expected) => Assert.Equal(expected, Escape.MarkdownCode(text));

    [Theory]
    [InlineData("<script>'\"&", "&lt;script&gt;&#39;&quot;&amp;")]
    [InlineData("##x\u202e", "#&#35;x\\u202E")]
    public void Html_golden(string text, string expected) => Assert.Equal(expected, Escape.Html(text));

    [Theory]
    [InlineData("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@x", "'@x")]
    [InlineData("\uff1d1", "'\uff1d1")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("=\"a\"", "\"'=\"\"a\"\"\"")]
    [InlineData("a\r\nb", "a\\u000D\\u000Ab")]
    [InlineData(" a", "\" a\"")]
    [InlineData("::error::", ":\\u003aerror::")]
    public void Csv_golden(string text, string expected) => Assert.Equal(expected, Escape.Csv(text));

    [Fact]
    public void No_attack_leaks_through_any_sink_in_any_context()
    {
        (string Name, Func<string, string> Escape)[] sinks =
        [
            ("log", t => Escape.LogLine(t)), ("ascii", t => Escape.Ascii(t)), ("short", t => Escape.LogLine(t, 40)), ("gh data", Escape.GitHubData), ("gh prop", Escape.GitHubProperty),
            ("az data", Escape.AzureData), ("az prop", Escape.AzureProperty), ("tc", Escape.TeamCity), ("md", t => Escape.MarkdownCode(t)), ("html", Escape.Html), ("csv", Escape.Csv),
        ];
        foreach (string attack in Attacks.All)
        {
            foreach (string text in (string[])[attack, "a " + attack, attack + "\n" + attack])
            {
                foreach ((string name, Func<string, string> escape) in sinks)
                {
                    string escaped = escape(text);
                    foreach (string trigger in Attacks.Triggers) Assert.False(escaped.Contains(trigger, StringComparison.Ordinal), $"{name}: {text}");
                    Assert.DoesNotContain(escaped, c => CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
                    if (name is "log" or "ascii" or "short" or "csv") Assert.False(escaped.TrimStart().StartsWith("::", StringComparison.Ordinal), $"{name}: {text}");
                    if (name is "log" or "ascii" or "short") Assert.Equal(escaped, Escape.LogLine(escaped));
                }
            }
        }
    }

    [Fact]
    public void Html_decodes_to_what_is_seen()
    {
        foreach (string attack in Attacks.All) Assert.Equal(Escape.Visible(attack, int.MaxValue), WebUtility.HtmlDecode(Escape.Html(attack)));
    }

    [Fact]
    public void Long_texts_keep_both_ends_and_no_escape_is_cut()
    {
        string text = "head" + new string('\u200b', 10_000) + "tail";
        for (int max = 4; max < 80; max++)
        {
            string cut = Escape.LogLine(text, max);
            Assert.True(cut.Length <= max);
            foreach (string cutPart in cut.Split("..."))
            {
                Assert.Matches(@"^(head?|hea?|h)?(\\u200B)*(tail|ail|il|l)?$", cutPart);
            }
            if (max > 20) Assert.True(cut.StartsWith("head", StringComparison.Ordinal) && cut.EndsWith("tail", StringComparison.Ordinal));
            string cell = Escape.MarkdownCode(string.Concat(Enumerable.Repeat("\\uabc|", 2000)), inTable: true, max);
            Assert.DoesNotMatch(@"(?<!\\)\|", cell);
        }
        Assert.Equal(["", ".", "..", "..."], Enumerable.Range(0, 4).Select(max => Escape.LogLine(text, max)));
        Assert.Equal("x#...y", Escape.LogLine("x" + new string('#', 50) + "y", 7));
    }

    [Fact]
    public void Escaping_a_million_characters_is_linear()
    {
        string text = new('\u202e', 1_000_000);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.Equal(Escape.MaxLineLength - (Escape.MaxLineLength % 2), Escape.LogLine(text).Length, tolerance: 16);
        Assert.Equal(6_000_000, Escape.GitHubData(text).Length);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), watch.Elapsed.ToString());
    }
}
