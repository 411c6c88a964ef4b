using System.Text;
using BinarySize.IO;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Cli;

/// <summary>Writes a rendered report to standard output or a file.</summary>
internal static class Output
{
    public static void Write(Report report, string kind, ReportFormat format, ConsoleOptions options, string? file)
    {
        if (kind == "text" && file is null)
        {
            // Not rendered as a whole first: it can be long.
            try
            {
                using Stream stdout = Console.OpenStandardOutput();
                ConsoleReport.Write(report, stdout, options);
            }
            catch (IOException)
            {
                // The reader went away ("| head"): nothing is wrong.
            }
            return;
        }
        ReadOnlySpan<byte> bytes = kind == "text" ? Encoding.UTF8.GetBytes(ConsoleReport.Render(report, options)) : ReportWriter.Render(report, format);
        if (file is null) Write(bytes);
        else AtomicFile.WriteBytes(file, bytes);
    }

    public static void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            using Stream stdout = Console.OpenStandardOutput();
            stdout.Write(bytes);
        }
        catch (IOException)
        {
            // The reader went away ("| head"): nothing is wrong.
        }
    }
}
