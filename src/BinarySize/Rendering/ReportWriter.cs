using System.Text;
using BinarySize.IO;
using BinarySize.Reports;

namespace BinarySize.Rendering;

/// <summary>Formats that a report is written in.</summary>
public enum ReportFormat
{
    /// <summary>report.json, by docs/schema/report-1.json.</summary>
    Json,

    /// <summary>report.md.</summary>
    Markdown,

    /// <summary>report.html, one file that needs nothing else.</summary>
    Html,

    /// <summary>report.csv.</summary>
    Csv,
}

/// <summary>Writes a report's files.</summary>
public static class ReportWriter
{
    /// <summary>Names of the formats as they are typed, which are also their files' extensions.</summary>
    public static IReadOnlyList<string> FormatNames { get; } = ["json", "md", "html", "csv"];

    /// <summary>A format by name, in any case.</summary>
    public static bool TryParse(string name, out ReportFormat format)
    {
        int index = NameList.IndexOf(FormatNames, name.Trim());
        format = (ReportFormat)Math.Max(0, index);
        return index >= 0;
    }

    /// <summary>
    /// Writes report.json, report.md, report.html, report.csv into <paramref name="directory"/>, each one complete or not
    /// at all; an unchanged file is not touched, other files are left alone. Throws IOException or
    /// UnauthorizedAccessException where it cannot be written.
    /// </summary>
    /// <returns>The paths written, in the order of <see cref="ReportFormat"/>.</returns>
    public static IReadOnlyList<string> Write(Report report, string directory, IEnumerable<ReportFormat> formats)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(formats);
        var paths = new List<string>();
        // Numbers: a set of our own enum would be compiled in every build anew.
        HashSet<int> wanted = [.. formats.Select(f => (int)f)];
        for (var format = ReportFormat.Json; format <= ReportFormat.Csv; format++)
        {
            if (!wanted.Contains((int)format)) continue;
            string path = Path.Combine(directory, "report." + FormatNames[(int)format]);
            AtomicFile.WriteBytes(path, Render(report, format));
            paths.Add(path);
        }
        return paths;
    }

    /// <summary>The report in a format, as UTF-8 without a byte-order mark.</summary>
    public static ReadOnlySpan<byte> Render(Report report, ReportFormat format)
    {
        switch (format)
        {
            case ReportFormat.Json:
                return ReportJson.Render(report);
            case ReportFormat.Markdown:
                return Encoding.UTF8.GetBytes(MarkdownReport.Render(report));
            case ReportFormat.Html:
                return Encoding.UTF8.GetBytes(HtmlReport.Render(report));
            default:
                // Straight to bytes: with a million symbols the text alone would take half a gigabyte.
                using (var stream = new MemoryStream())
                {
                    using (var writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true)) CsvReport.Write(report, writer);
                    return stream.GetBuffer().AsSpan(0, (int)stream.Length);
                }
        }
    }
}
