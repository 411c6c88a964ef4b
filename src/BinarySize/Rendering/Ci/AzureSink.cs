using System.Globalization;
using System.Text;

namespace BinarySize.Rendering.Ci;

/// <summary>
/// Azure Pipelines: a file with Markdown that the agent uploads as a summary, and issues. Microsoft documents no limit on
/// a summary; it is held to what GitHub takes.
/// </summary>
internal static class AzureSink
{
    private const int MaxMessage = 4000;

    public static CiOutput Tell(CiMessage message, CiContext context)
    {
        var lines = new List<string>();
        if (context.Annotate) lines.AddRange(CiSink.Annotations(message.Findings, Issue));
        if (message.Summary.Length == 0) return new CiOutput { Lines = lines };
        // The agent shows the file's name as the heading, and overwrites one of the same name.
        var file = new CiFile($"binarysize-{message.Id}.md", message.Summary);
        string path = Path.Combine(context.Directory, file.Name), command = Escape.AzureData(path);
        // A folder whose name reads as a command cannot be told.
        if (command == path) lines.Add($"##vso[task.uploadsummary]{path}");
        return new CiOutput { Lines = lines, Files = [file] };
    }

    private static string Issue(CiFinding finding)
    {
        var line = new StringBuilder("##vso[task.logissue type=").Append(finding.IsError ? "error" : "warning");
        if (CiSink.HasFile(finding))
        {
            line.Append(";sourcepath=").Append(Escape.AzureProperty(finding.File));
            if (finding.Line > 0) line.Append(CultureInfo.InvariantCulture, $";linenumber={finding.Line}");
            if (finding.Column > 0) line.Append(CultureInfo.InvariantCulture, $";columnnumber={finding.Column}");
        }
        return line.Append(";code=").Append(Escape.AzureProperty(finding.Code)).Append(";]").Append(Escape.AzureData(Escape.LogLine(finding.Message, MaxMessage))).ToString();
    }
}
