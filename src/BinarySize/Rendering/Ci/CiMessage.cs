using System.Text;
using BinarySize.Reports;

namespace BinarySize.Rendering.Ci;

/// <summary>An error or a warning. Names in the message are not escaped for any sink yet.</summary>
/// <param name="IsError">Error, or warning.</param>
/// <param name="Code">BSZnnnn.</param>
/// <param name="Message">One line.</param>
/// <param name="File">Full path of where it is; empty where there is no such file.</param>
/// <param name="Line">From 1; 0 where not known.</param>
/// <param name="Column">From 1; 0 where not known.</param>
public sealed record CiFinding(bool IsError, string Code, string Message, string File, int Line, int Column);

/// <summary>A number that a system can draw over time.</summary>
/// <param name="IsBudget">What a budget measures; otherwise the size of an artifact.</param>
/// <param name="Name">Name of the budget, or path of the artifact.</param>
/// <param name="Metric">"raw", "gzip", "brotli" (bytes) or "count".</param>
/// <param name="Value">What was measured.</param>
/// <param name="Limit">What it is held against; null where there is no limit.</param>
/// <param name="Verdict">"ok", "near", "over"; "unknown" where there is nothing to show; empty for an artifact.</param>
public sealed record CiFigure(bool IsBudget, string Name, string Metric, long Value, long? Limit, string Verdict);

/// <summary>
/// What is told of one measurement, whichever system listens. Everything in it is kept between builds, so that a build in
/// which nothing changed has it without measuring.
/// </summary>
public sealed record CiMessage
{
    /// <summary>
    /// Bytes that a comment has at most: a comment on GitHub has at most 65,536 characters, and a bot may want to add a line.
    /// </summary>
    public const int MaxCommentBytes = 65_536 - 1024;

    /// <summary>Name of the project, or of what was measured without one.</summary>
    public required string Project { get; init; }

    /// <summary>"Build", "Publish", "Pack", "Container"; empty where there is no build.</summary>
    public string Stage { get; init; } = "";

    /// <summary>"net10.0 linux-x64 Release"; empty where not known.</summary>
    public string Target { get; init; } = "";

    /// <summary>The report as Markdown, for a page that has room; empty where there is none to show.</summary>
    public string Summary { get; init; } = "";

    /// <summary>The report as Markdown, of at most <see cref="MaxCommentBytes"/> with its marker.</summary>
    public string Comment { get; init; } = "";

    /// <summary>Sizes of artifacts, then of budgets.</summary>
    public IReadOnlyList<CiFigure> Figures { get; init; } = [];

    /// <summary>Errors and warnings, in the order in which they were found.</summary>
    public IReadOnlyList<CiFinding> Findings { get; init; } = [];

    /// <summary>Project, target and stage as one name that every system takes: for keys and names of files.</summary>
    public string Id => Slug.Of(string.Join('-', ((string[])[Project, .. Target.Split(' '), Stage]).Where(t => t.Length > 0)));

    /// <summary>What is told of a report.</summary>
    public static CiMessage Of(Report report, IReadOnlyList<CiFinding> findings)
    {
        ArgumentNullException.ThrowIfNull(report);
        string first = report.Artifacts.Count == 0 ? "" : report.Artifacts[0].Path.TrimEnd('/');
        var message = new CiMessage
        {
            Project = ReportText.Project(report.Toolchain) ?? first[(first.LastIndexOf('/') + 1)..],
            Stage = report.Toolchain.Stage ?? "",
            Target = ReportText.Target(report.Toolchain),
            Findings = findings,
            Figures =
            [
                .. report.Artifacts.Select(a => new CiFigure(false, a.Path, "raw", a.Size, null, "")),
                .. report.Budgets.Select(b => new CiFigure(true, b.Name, b.Metric, b.Value, b.Max ?? b.Warn, b.Verdict)),
            ],
        };
        if (report.Artifacts.Count == 0) return message;
        // By its marker a bot finds the comment that it wrote for the last push.
        string marker = $"<!-- binarysize: {message.Id} -->\n";
        string summary = MarkdownReport.Render(report);
        bool fits = Encoding.UTF8.GetByteCount(summary) + marker.Length <= MaxCommentBytes;
        return message with { Summary = summary, Comment = marker + (fits ? summary : MarkdownReport.Render(report, MaxCommentBytes - marker.Length)) };
    }
}
