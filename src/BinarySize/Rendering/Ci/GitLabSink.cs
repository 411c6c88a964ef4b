using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace BinarySize.Rendering.Ci;

/// <summary>
/// GitLab: a metrics report in the text format of OpenMetrics, and a code-quality report, both as files that the job names
/// under artifacts:reports. Formats: docs.gitlab.com/ci/testing/metrics_reports and …/code_quality.
/// </summary>
internal static class GitLabSink
{
    public const string MetricsFile = "metrics.txt", QualityFile = "gl-code-quality-report.json";

    private const int MaxFigures = 500, MaxFindings = 1000, MaxDescription = 2000;

    public static CiOutput Tell(CiMessage message, CiContext context)
    {
        var files = new List<CiFile>();
        if (message.Figures.Count > 0) files.Add(new CiFile(MetricsFile, Metrics(message)));
        // An empty one says that what was wrong before is right now.
        if (message.Figures.Count > 0 || message.Findings.Count > 0) files.Add(new CiFile(QualityFile, Quality(message, context)));
        return new CiOutput { Files = files };
    }

    private static string Metrics(CiMessage message)
    {
        string common = $"project=\"{Label(message.Project)}\",target=\"{Label(message.Target.Replace(' ', '/'))}\",stage=\"{Label(message.Stage)}\"";
        var text = new StringBuilder();
        Family("binarysize_artifact_bytes", "bytes", "Bytes of what was measured.", message.Figures.Where(f => !f.IsBudget), f => $"artifact=\"{Label(f.Name)}\"", f => f.Value);
        Family("binarysize_budget_value", "", "What a budget measures.", message.Figures.Where(f => f.IsBudget && f.Verdict != "unknown"), f => $"budget=\"{Label(f.Name)}\",metric=\"{Label(f.Metric)}\"", f => f.Value);
        Family("binarysize_budget_limit", "", "What a budget is held against.", message.Figures.Where(f => f.IsBudget && f.Limit is not null), f => $"budget=\"{Label(f.Name)}\",metric=\"{Label(f.Metric)}\"", f => f.Limit!.Value);
        return text.Append("# EOF\n").ToString();

        void Family(string name, string unit, string help, IEnumerable<CiFigure> figures, Func<CiFigure, string> labels, Func<CiFigure, long> value)
        {
            CiFigure[] all = [.. figures.Take(MaxFigures)];
            if (all.Length == 0) return;
            text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} gauge\n");
            if (unit.Length > 0) text.Append(CultureInfo.InvariantCulture, $"# UNIT {name} {unit}\n");
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n");
            foreach (CiFigure figure in all) text.Append(CultureInfo.InvariantCulture, $"{name}{{{common},{labels(figure)}}} {value(figure)}\n");
        }
    }

    // GitLab does not read OpenMetrics but cuts a line at '#' and then splits it like a shell does: quotes, backslashes and
    // spaces in a label would end it.
    private static string Label(string text) => text.Length == 0 ? "" : Slug.Of(text, "._/:+@", maxLength: 120);

    private static string Quality(CiMessage message, CiContext context)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.Default }))
        {
            json.WriteStartArray();
            foreach (CiFinding finding in message.Findings.OrderByDescending(f => f.IsError).Take(MaxFindings))
            {
                string path = CiSink.HasFile(finding) ? finding.File : context.ProjectFile;
                path = path.Length == 0 ? message.Project : CiSink.Relative(path, context["CI_PROJECT_DIR"]);
                json.WriteStartObject();
                json.WriteString("description", Escape.LogLine(finding.Message, MaxDescription));
                json.WriteString("check_name", finding.Code);
                json.WriteString("fingerprint", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{message.Id}\n{finding.Code}\n{path}\n{CiNames.Subject(finding.Message)}"))));
                json.WriteString("severity", finding.IsError ? "major" : finding.Code.StartsWith("BSZ4", StringComparison.Ordinal) ? "info" : "minor");
                json.WriteStartObject("location");
                json.WriteString("path", Escape.LogLine(path));
                json.WriteStartObject("lines");
                json.WriteNumber("begin", Math.Max(1, finding.Line));
                json.WriteEndObject();
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length)) + "\n";
    }
}
