using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace BinarySize.Rendering.Ci;

/// <summary>
/// GitHub Actions: Markdown for the step's summary (at most 1024 KiB a step), annotations (a message of at most 4096
/// characters), and numbers as outputs of the step. Limits: docs.github.com, "Workflow commands", and the runner's source.
/// </summary>
internal static class GitHubSink
{
    private const int MaxMessage = 4000, MaxBudgets = 100;

    public static CiOutput Tell(CiMessage message, CiContext context)
    {
        var output = new CiOutput();
        if (context.Annotate) output = output with { Lines = [.. CiSink.Annotations(message.Findings.Where(f => !IsMatched(f, context)), f => Annotation(f, context))] };
        if (context["GITHUB_STEP_SUMMARY"] is var summary && Path.IsPathFullyQualified(summary) && message.Summary.Length > 0)
        {
            output = output with { Summaries = [new CiAppend(summary, message.Summary, message.Comment, MarkdownReport.MaxBytes)] };
        }
        if (context["GITHUB_OUTPUT"] is var outputs && Path.IsPathFullyQualified(outputs) && message.Figures.Count > 0)
        {
            output = output with { Outputs = [new CiAppend(outputs, Outputs(message.Figures), "", 1024 * 1024)] };
        }
        return output;
    }

    // actions/setup-dotnet installs a matcher that makes annotations of lines "file(line,column): error CODE: message
    // [project]". MSBuild leaves out "[project]" where it is the file, unless it has a target framework to put there: so those
    // are ours to annotate, as are lines without a number.
    private static bool IsMatched(in CiFinding finding, CiContext context) =>
        context.ProjectFile.Length > 0 && finding.Line > 0 && (context.HasDescription || !finding.File.Equals(context.ProjectFile, StringComparison.OrdinalIgnoreCase));

    private static string Annotation(CiFinding finding, CiContext context)
    {
        var line = new StringBuilder(finding.IsError ? "::error " : "::warning ");
        if (CiSink.HasFile(finding))
        {
            line.Append("file=").Append(Escape.GitHubProperty(CiSink.Relative(finding.File, context["GITHUB_WORKSPACE"]))).Append(',');
            if (finding.Line > 0) line.Append(CultureInfo.InvariantCulture, $"line={finding.Line},");
            if (finding.Column > 0) line.Append(CultureInfo.InvariantCulture, $"col={finding.Column},");
        }
        return line.Append("title=").Append(Escape.GitHubProperty(finding.Code)).Append("::").Append(Escape.GitHubData(Escape.LogLine(finding.Message, MaxMessage))).ToString();
    }

    // Numbers alone, each between two lines that nobody can foresee: no name can end one value and start another.
    private static string Outputs(IReadOnlyList<CiFigure> figures)
    {
        var text = new StringBuilder();
        string delimiter = $"binarysize_{RandomNumberGenerator.GetHexString(32, lowercase: true)}";
        Add("binarysize-size", figures.FirstOrDefault(f => !f.IsBudget)?.Value ?? 0);
        Add("binarysize-over", figures.Count(f => f.Verdict is "over" or "unknown"));
        Add("binarysize-near", figures.Count(f => f.Verdict == "near"));
        foreach (CiFigure budget in figures.Where(f => f.IsBudget && f.Verdict != "unknown").Take(MaxBudgets)) Add($"binarysize-budget-{Slug.Of(budget.Name, "_")}", budget.Value);
        return text.ToString();

        void Add(string name, long value) => text.Append(CultureInfo.InvariantCulture, $"{name}<<{delimiter}\n{value}\n{delimiter}\n");
    }
}
