using System.Text;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Tests.Rendering;

public sealed class ReportWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bsz").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_format_is_written_and_nothing_else_is_touched()
    {
        string reports = Path.Combine(_folder, "a", "b");
        Directory.CreateDirectory(reports);
        File.WriteAllText(Path.Combine(reports, "other.txt"), "mine");
        ReportFormat[] all = [.. ReportWriter.FormatNames.Reverse().Select(n => ReportWriter.TryParse(n.ToUpperInvariant(), out ReportFormat f) ? f : throw new InvalidOperationException(n))];
        IReadOnlyList<string> paths = ReportWriter.Write(SampleReport.Make(), reports, [.. all, .. all]);
        Assert.Equal(ReportWriter.FormatNames.Select(n => Path.Combine(reports, "report." + n)), paths);
        Assert.Equal(paths.Append(Path.Combine(reports, "other.txt")).Order(), Directory.GetFiles(reports).Order());
        Assert.Equal(ReportJson.Write(SampleReport.Make()), File.ReadAllBytes(paths[0]));
        Assert.Equal(MarkdownReport.Render(SampleReport.Make()), File.ReadAllText(paths[1]));
        foreach (string path in paths) Assert.NotEqual(Encoding.UTF8.GetPreamble(), File.ReadAllBytes(path)[..3]);
    }

    [Fact]
    public void The_same_report_is_not_written_again()
    {
        ReportFormat[] all = Enum.GetValues<ReportFormat>();
        IReadOnlyList<string> paths = ReportWriter.Write(Attacks.Report(), _folder, all);
        foreach (string path in paths) File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        ReportWriter.Write(Attacks.Report(), _folder, all);
        foreach (string path in paths) Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(path));
    }

    [Theory]
    [InlineData("xml")]
    [InlineData("")]
    [InlineData("0")]
    public void Unknown_formats_are_refused(string name) => Assert.False(ReportWriter.TryParse(name, out _));
}
