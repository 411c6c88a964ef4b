using System.Globalization;
using System.Text;

namespace BinarySize.Rendering.Ci;

/// <summary>A file that a system hands to every program of a step, and that each writes to at its end.</summary>
public static class SharedFile
{
    private const int Attempts = 40, PauseMilliseconds = 25;

    /// <summary>
    /// Appends the text whole, or where there is no room for it the shorter one, or else a line that says so. Returns null,
    /// or what went wrong; never throws for that.
    /// </summary>
    public static string? Append(CiAppend append)
    {
        ArgumentNullException.ThrowIfNull(append);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                // Projects that are built at the same time write to the same file: one after the other.
                using var file = new FileStream(append.Path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                bool open = false;
                if (file.Length > 0)
                {
                    file.Position = file.Length - 1;
                    open = file.ReadByte() != '\n';
                }
                long room = append.MaxBytes - file.Length - 2;
                int whole = Encoding.UTF8.GetByteCount(append.Text);
                string notice = string.Create(CultureInfo.InvariantCulture, $"_A size report of {whole:N0} bytes is left out: there is no room for it in this summary._\n");
                byte[] bytes = Encoding.UTF8.GetBytes(Array.Find([append.Text, append.Shorter, notice], t => t.Length > 0 && Encoding.UTF8.GetByteCount(t) <= room) ?? "");
                if (bytes.Length > 0)
                {
                    file.Position = file.Length;
                    if (open) file.WriteByte((byte)'\n');
                    file.Write(bytes);
                }
                return bytes.Length >= whole ? null : string.Create(CultureInfo.InvariantCulture, $"The size report of {whole:N0} bytes has no room in the file for it, which has at most {append.MaxBytes:N0}; {bytes.Length:N0} are in it.");
            }
            catch (IOException) when (attempt < Attempts && File.Exists(append.Path))
            {
                Thread.Sleep(PauseMilliseconds);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                return $"The size report could not be added to '{append.Path}': {e.Message}";
            }
        }
    }
}
