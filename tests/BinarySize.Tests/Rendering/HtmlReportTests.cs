using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BinarySize.Artifacts;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Tests.Rendering;

public partial class HtmlReportTests
{
    [Fact]
    public void The_policy_allows_exactly_the_script_and_the_style_that_are_there()
    {
        string html = HtmlReport.Render(Attacks.Report());
        string policy = Policy().Match(html).Groups[1].Value;
        Assert.StartsWith("default-src 'none'; ", policy, StringComparison.Ordinal);
        Assert.Contains($"script-src '{Hash(Between(html, "<script>", "</script>"))}';", policy, StringComparison.Ordinal);
        Assert.Contains($"style-src '{Hash(Between(html, "<style>", "</style>"))}';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html.Replace("http-equiv", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_stand_nowhere_but_in_the_packed_data()
    {
        string html = HtmlReport.Render(Attacks.Report());
        string frame = html.Replace(Between(html, "<style>", "</style>"), "", StringComparison.Ordinal).Replace(Between(html, "<script>", "</script>"), "", StringComparison.Ordinal);
        string data = Between(frame, "id=\"data\">", "</script>");
        Assert.Matches("^[A-Za-z0-9+/]+=*$", data);
        frame = frame.Replace(data, "", StringComparison.Ordinal);
        foreach (string attack in Attacks.All.Where(a => a.Trim().Length > 7 && a is not ("<details>" or "<script>"))) Assert.DoesNotContain(attack, frame, StringComparison.Ordinal);
        foreach (string trigger in Attacks.Triggers) Assert.DoesNotContain(trigger, html, StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(html, "<script"));
        Assert.Contains(@"<title>Size of ::My\u202EApp</title>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Script_and_style_are_small_and_never_make_html_of_text()
    {
        string html = HtmlReport.Render(SampleReport.Make());
        string script = Between(html, "<script>", "</script>"), style = Between(html, "<style>", "</style>");
        Assert.InRange(script.Length + style.Length, 1000, 30 * 1024);
        foreach (string sink in (string[])["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "setTimeout(\"", "srcdoc", "import("])
        {
            Assert.DoesNotContain(sink, script, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Data_says_what_the_report_says()
    {
        Report report = SampleReport.Make();
        using JsonDocument data = Data(HtmlReport.Render(report));
        JsonElement root = data.RootElement;
        string[] names = [.. root.GetProperty("name").EnumerateArray().Select(e => e.GetString()!)];
        long[] sizes = Numbers(root, "size"), counts = Numbers(root, "count"), kinds = Numbers(root, "kind"), packages = Numbers(root, "pack");
        string[] kindNames = [.. root.GetProperty("kinds").EnumerateArray().Select(e => e.GetString()!)], packageNames = [.. root.GetProperty("packages").EnumerateArray().Select(e => e.GetString()!)];
        var expected = new List<(string, string, long, int, string?)> { ("(no name)", "report", report.Size, 1, null) };
        var queue = new Queue<ReportNode>([report.Artifacts[0].Tree]);
        while (queue.TryDequeue(out ReportNode? node))
        {
            expected.Add((node.Name, node.Kind, node.Size, node.Children.Count, node.Package));
            foreach (ReportNode child in node.Children) queue.Enqueue(child);
        }
        Assert.Equal(expected, names.Select((name, i) => (name, kindNames[kinds[i]], sizes[i], (int)counts[i], packages[i] < 0 ? null : packageNames[packages[i]])));
        Assert.Equal(report.Budgets.Select(b => (b.Name, b.Value, b.Max, b.Verdict)), root.GetProperty("budgets").EnumerateArray().Select(b =>
            (b.GetProperty("name").GetString()!, b.GetProperty("value").GetInt64(), b.GetProperty("max").ValueKind == JsonValueKind.Null ? null : (long?)b.GetProperty("max").GetInt64(), b.GetProperty("verdict").GetString()!)));
        Assert.Equal(2, root.GetProperty("warningCount").GetInt32());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(1_000_000)]
    public void A_million_nodes_are_folded_and_still_add_up(int modulus)
    {
        var root = new ReportNode("out", "artifact");
        for (int f = 0; f < 1000; f++)
        {
            var file = new ReportNode($"file{f}", "file");
            for (int s = 0; s < 1000; s++) file.AddChild(new ReportNode($"_ZN4core3fmt9Formatter{f}x{s}E", "symbol") { Direct = (f * 7919L + s * 104729L) % modulus + 1 });
            root.AddChild(file);
        }
        root.Seal();
        var report = new Report([new ReportArtifact("out", ArtifactKind.Folder, root.Size, 1000, root, [])], [], new ReportToolchain());
        var watch = System.Diagnostics.Stopwatch.StartNew();
        string html = HtmlReport.Render(report);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), watch.Elapsed.ToString());
        Assert.InRange(html.Length, 10_000, 4_000_000);
        using JsonDocument data = Data(html);
        long[] sizes = Numbers(data.RootElement, "size"), counts = Numbers(data.RootElement, "count");
        Assert.InRange(sizes.Length, HtmlReport.MaxNodes, HtmlReport.MaxNodes * 2);
        for (int i = 0, at = 1; i < sizes.Length; at += (int)counts[i++])
        {
            if (counts[i] == 0) continue;
            long[] children = sizes[at..(at + (int)counts[i])];
            Assert.Equal(sizes[i], children.Sum());
            // The treemap takes them as they stand.
            for (int c = 1; c < children.Length; c++) Assert.True(children[c] <= children[c - 1]);
        }
        Assert.Equal(sizes.Length, counts.Sum() + 1);
    }

    [Fact]
    public void Odd_reports_can_be_shown()
    {
        foreach (Report report in (Report[])[new Report([], [], new ReportToolchain()), SampleReport.Extreme(), Attacks.Report()])
        {
            using JsonDocument data = Data(HtmlReport.Render(report));
            Assert.Equal(report.Artifacts.Count, data.RootElement.GetProperty("artifacts").GetArrayLength());
            Assert.DoesNotContain(data.RootElement.GetProperty("name").EnumerateArray(), e => e.GetString()!.Any(c => char.IsControl(c) || char.IsSurrogate(c) || c == '\u202e'));
        }
    }

    private static long[] Numbers(JsonElement root, string name) => [.. root.GetProperty(name).EnumerateArray().Select(e => e.GetInt64())];

    private static JsonDocument Data(string html)
    {
        using var gzip = new GZipStream(new MemoryStream(Convert.FromBase64String(Between(html, "id=\"data\">", "</script>"))), CompressionMode.Decompress);
        return JsonDocument.Parse(gzip);
    }

    private static string Between(string text, string start, string end)
    {
        int from = text.IndexOf(start, StringComparison.Ordinal) + start.Length;
        return text[from..text.IndexOf(end, from, StringComparison.Ordinal)];
    }

    private static string Hash(string text) => "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    [GeneratedRegex("http-equiv=\"Content-Security-Policy\" content=\"([^\"]*)\"")]
    private static partial Regex Policy();
}
