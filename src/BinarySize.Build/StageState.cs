using System.Text;
using BinarySize.IO;

namespace BinarySize.Build;

/// <summary>A warning or an error as it is logged: everything is final text.</summary>
internal readonly record struct LoggedFinding(bool IsError, string Code, string Message, string File, int Line, int Column);

/// <summary>
/// What a stage's measurement came to, kept in the intermediate folder under a key of everything that it depends on, so that
/// a build in which nothing changed says the same again without reading a file.
/// </summary>
internal sealed record StageState(string Key, string Summary, string[] Table, LoggedFinding[] Findings, string[] ReportFiles, string Markdown)
{
    // Raised when the layout of this file changes.
    private const int Version = 1;

    /// <summary>The state in <paramref name="path"/> where its key is <paramref name="key"/> and its reports are still there; null otherwise.</summary>
    public static StageState? TryRead(string path, string key)
    {
        try
        {
            if (!File.Exists(path)) return null;
            using var stream = new MemoryStream(File.ReadAllBytes(path), writable: false);
            using var reader = new BinaryReader(stream, Encoding.UTF8);
            if (reader.ReadInt32() != Version || reader.ReadString() != key) return null;
            string summary = reader.ReadString();
            string[] table = Strings(reader);
            var findings = new LoggedFinding[Count(reader)];
            for (int i = 0; i < findings.Length; i++)
            {
                findings[i] = new LoggedFinding(reader.ReadBoolean(), reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadInt32(), reader.ReadInt32());
            }
            string[] reports = Strings(reader);
            foreach (string report in reports)
            {
                if (!File.Exists(report)) return null;
            }
            return new StageState(key, summary, table, findings, reports, reader.ReadString());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Writes the state; throws IOException or UnauthorizedAccessException.</summary>
    public void Write(string path)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Version);
            writer.Write(Key);
            writer.Write(Summary);
            Write(writer, Table);
            writer.Write(Findings.Length);
            foreach (LoggedFinding f in Findings)
            {
                writer.Write(f.IsError);
                writer.Write(f.Code);
                writer.Write(f.Message);
                writer.Write(f.File);
                writer.Write(f.Line);
                writer.Write(f.Column);
            }
            Write(writer, ReportFiles);
            writer.Write(Markdown);
        }
        AtomicFile.WriteBytes(path, stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static int Count(BinaryReader reader)
    {
        int count = reader.ReadInt32();
        return count >= 0 && count <= reader.BaseStream.Length ? count : throw new FormatException();
    }

    private static string[] Strings(BinaryReader reader)
    {
        var strings = new string[Count(reader)];
        for (int i = 0; i < strings.Length; i++) strings[i] = reader.ReadString();
        return strings;
    }

    private static void Write(BinaryWriter writer, string[] strings)
    {
        writer.Write(strings.Length);
        foreach (string s in strings) writer.Write(s);
    }
}
