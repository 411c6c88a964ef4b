using BinarySize.Artifacts;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Tests.Rendering;

public class ConsoleReportTests
{
    [Fact]
    public void Golden_report() => Golden.Check("console.txt", ConsoleReport.Render(SampleReport.Make()));

    [Fact]
    public void Golden_attacks() => Golden.Check("console-attacks.txt", ConsoleReport.Render(Attacks.Report(), new ConsoleOptions { Top = 1000 }));

    [Fact]
    public void Every_line_is_ascii_and_at_most_79_columns()
    {
        foreach (Report report in (Report[])[Attacks.Report(), SampleReport.Make(), SampleReport.Extreme(), new Report([], [], new ReportToolchain())])
        {
            string text = ConsoleReport.Render(report, new ConsoleOptions { Top = 1000, Depth = 100 });
            Assert.EndsWith("\n", text, StringComparison.Ordinal);
            foreach (string line in text.Split('\n'))
            {
                Assert.True(line.Length <= 79, line);
                Assert.True(line.All(c => c is >= ' ' and <= '~'), line);
                Assert.DoesNotContain("##", line, StringComparison.Ordinal);
                Assert.False(line.TrimStart().StartsWith("::", StringComparison.Ordinal), line);
            }
        }
    }

    [Fact]
    public void Top_limits_items_and_the_rest_adds_up()
    {
        var root = new ReportNode("out", "artifact");
        for (int i = 1; i <= 30; i++) root.AddChild(new ReportNode($"f{i:00}", "file") { Direct = i * 1024 });
        root.Seal();
        var report = new Report([new ReportArtifact("out", ArtifactKind.Folder, root.Size, 30, root, [])], [], new ReportToolchain());
        string text = ConsoleReport.Render(report, new ConsoleOptions { Top = 5 });
        Assert.Contains("325.0 KiB", text, StringComparison.Ordinal);
        Assert.Contains("25 other items", text, StringComparison.Ordinal);
        Assert.DoesNotContain("f25", text, StringComparison.Ordinal);
        Assert.Contains("465.0 KiB  100.0%  total", text, StringComparison.Ordinal);
    }
}
