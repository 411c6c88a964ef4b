using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using BinarySize.Artifacts;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Tests.Rendering;

public partial class MarkdownReportTests
{
    [Fact]
    public void Golden_report() => Golden.Check("report.md", MarkdownReport.Render(SampleReport.Make()));

    /// <summary>GitHub's own reader is the judge: each attack comes out as the text of a code span in a cell of its own, and nothing else does.</summary>
    [Fact]
    public void Attacks_stay_text_in_code_spans_for_cmark_gfm()
    {
        foreach (string attack in Attacks.All)
        {
            string cell = Escape.MarkdownCode(attack), plain = Escape.MarkdownCode(attack, inTable: false);
            string html = CMark($"| Name | Size |\n| :-- | --: |\n| {cell} | 1 |\n\n- {plain}\n");
            string[] spans = [.. Code().Matches(html).Select(m => WebUtility.HtmlDecode(m.Groups[1].Value))];
            if (attack.Length == 0)
            {
                Assert.Empty(spans);
                continue;
            }
            Assert.Equal(2, spans.Length);
            if (attack.Length < 100)
            {
                Assert.Equal(Hashes().Replace(Escape.Visible(attack), m => "#" + string.Concat(Enumerable.Repeat("\\u0023", m.Length - 1))), spans[1]);
                Assert.Equal(spans[1].Replace("\\|", "\\u005C|", StringComparison.Ordinal), spans[0]);
            }
            string outside = Code().Replace(html, "");
            Assert.Equal("<table><thead><tr><thalign=\"left\">Name</th><thalign=\"right\">Size</th></tr></thead><tbody><tr><tdalign=\"left\"></td><tdalign=\"right\">1</td></tr></tbody></table><ul><li></li></ul>", Space().Replace(outside, ""));
        }
    }

    [Fact]
    public void A_whole_report_of_attacks_has_only_our_own_tags()
    {
        string html = CMark(MarkdownReport.Render(Attacks.Report()));
        string outside = Code().Replace(html, "");
        string[] tags = [.. Tag().Matches(outside).Select(m => m.Groups[1].Value).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(["details", "h2", "h3", "li", "p", "strong", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul"], tags);
        Assert.Equal(Count(outside, "<details>"), Count(outside, "</details>"));
        foreach (string trigger in Attacks.Triggers.Where(t => t != "##")) Assert.DoesNotContain(trigger, html, StringComparison.Ordinal);
        foreach (string trigger in (string[])["##vso[", "##teamcity[", "##["]) Assert.DoesNotContain(trigger, html, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_never_larger_than_it_may_be_and_says_what_is_left_out()
    {
        foreach (Report report in (Report[])[Attacks.Report(), SampleReport.Make(), SampleReport.Extreme()])
        {
            int whole = Encoding.UTF8.GetByteCount(MarkdownReport.Render(report, int.MaxValue));
            for (int max = 0; max < whole + 200; max += Math.Max(1, whole / 400))
            {
                string text = MarkdownReport.Render(report, max);
                Assert.InRange(Encoding.UTF8.GetByteCount(text), 0, max);
                Assert.Equal(Count("\n" + text, "\n<details>"), Count(text, "\n</details>"));
                if (text.Length > 0 && Encoding.UTF8.GetByteCount(text) < whole) Assert.Contains("left out", text, StringComparison.Ordinal);
            }
            Assert.Equal(MarkdownReport.Render(report, int.MaxValue), MarkdownReport.Render(report, whole + 200));
        }
    }

    [Fact]
    public void A_hundred_thousand_files_fit_into_a_summary()
    {
        var root = new ReportNode("out", "artifact");
        for (int i = 0; i < 100_000; i++) root.AddChild(new ReportNode($"{new string('d', 250)}/{i}", "file") { Direct = i });
        root.Seal();
        List<ReportArtifact> artifacts = [.. Enumerable.Range(0, 20).Select(i => new ReportArtifact($"out{i}", ArtifactKind.Folder, root.Size, 100_000, root, []))];
        string text = MarkdownReport.Render(new Report(artifacts, [], new ReportToolchain()));
        Assert.InRange(Encoding.UTF8.GetByteCount(text), MarkdownReport.MaxBytes / 2, MarkdownReport.MaxBytes);
        Assert.Contains("left out", text, StringComparison.Ordinal);
    }

    private static string CMark(string markdown)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, markdown);
            return Tool.Run("cmark-gfm", "--unsafe", "-e", "table", "-e", "autolink", "-e", "strikethrough", path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static int Count(string text, string what) => text.Split(what).Length - 1;

    [GeneratedRegex("<code>(.*?)</code>")]
    private static partial Regex Code();

    [GeneratedRegex(@"\s")]
    private static partial Regex Space();

    [GeneratedRegex("##+")]
    private static partial Regex Hashes();

    [GeneratedRegex("<([a-z0-9]+)")]
    private static partial Regex Tag();
}
