using System.Globalization;
using System.Text;
using BinarySize.Reports;

namespace BinarySize.Rendering;

/// <summary>
/// The job summary of GitHub Actions: a file, named by the variable GITHUB_STEP_SUMMARY, that every step appends Markdown
/// to. One that is larger than 1024 KiB fails the upload as a whole.
/// </summary>
public static class GitHubSummary
{
    /// <summary>Bytes that the file has at most, with a little left for others.</summary>
    public const int MaxBytes = (1024 * 1024) - 4096;

    private const int Attempts = 40, PauseMilliseconds = 25;

    /// <summary>Appends a report, as much of it as there is room for. Returns null, or what went wrong; never throws for that.</summary>
    public static string? Append(string summaryPath, Report report) => Append(summaryPath, room => MarkdownReport.Render(report, room));

    /// <summary>Appends Markdown whole, or where there is no room for it a line that says so. Returns null, or what went wrong; never throws for that.</summary>
    public static string? Append(string summaryPath, string markdown)
    {
        ArgumentNullException.ThrowIfNull(markdown);
        int bytes = Encoding.UTF8.GetByteCount(markdown);
        bool fits = true;
        string? failure = Append(summaryPath, room =>
        {
            fits = bytes <= room;
            string notice = string.Create(CultureInfo.InvariantCulture, $"_A size report of {bytes:N0} bytes is left out: there is no room for it in this summary._\n");
            return fits ? markdown : notice.Length <= room ? notice : "";
        });
        return failure ?? (fits ? null : string.Create(CultureInfo.InvariantCulture, $"The size report of {bytes:N0} bytes has no room in the job summary, which has at most {MaxBytes:N0}."));
    }

    private static string? Append(string summaryPath, Func<int, string> render)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                // Projects that are built at the same time write to the same file: one after the other.
                using var file = new FileStream(summaryPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                bool open = false;
                if (file.Length > 0)
                {
                    file.Position = file.Length - 1;
                    open = file.ReadByte() != '\n';
                }
                long room = MaxBytes - file.Length - 2;
                byte[] bytes = Encoding.UTF8.GetBytes(render((int)Math.Max(0, room)));
                if (bytes.Length == 0) return "The job summary is full; the size report is not in it.";
                file.Position = file.Length;
                if (open) file.WriteByte((byte)'\n');
                file.Write(bytes);
                return null;
            }
            catch (IOException) when (attempt < Attempts && File.Exists(summaryPath))
            {
                Thread.Sleep(PauseMilliseconds);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                return $"The size report could not be added to the job summary: {e.Message}";
            }
        }
    }
}
