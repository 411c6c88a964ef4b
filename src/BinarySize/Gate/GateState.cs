using BinarySize.IO;
using BinarySize.Rendering.Ci;

namespace BinarySize.Gate;

/// <summary>A remark.</summary>
/// <param name="Code">BSZ5xxx.</param>
/// <param name="Message">Final text.</param>
public readonly record struct GateRemark(string Code, string Message);

/// <summary>
/// What a stage's measurement came to, kept in the intermediate folder under a key of everything that it depends on, so that
/// a build in which nothing changed says the same again without reading a file.
/// </summary>
/// <param name="Key">What it depends on; see <see cref="StageFiles.Key"/>.</param>
/// <param name="Summary">The line with the arrow.</param>
/// <param name="Table">The lines of the table.</param>
/// <param name="Findings">Warnings and errors, as they are logged: everything is final text.</param>
/// <param name="Remarks">What is worth a word in a detailed log only, with its code.</param>
/// <param name="ReportFiles">Full paths of the reports that were written.</param>
/// <param name="Message">What a CI system is told, but for the findings; null where there was none to tell.</param>
public sealed record GateState(byte[] Key, string Summary, string[] Table, CiFinding[] Findings, GateRemark[] Remarks, string[] ReportFiles, CiMessage? Message)
{
    // Raised when the layout of this file changes.
    private const int Version = 4;

    /// <summary>The state in <paramref name="path"/> where its key is <paramref name="key"/> (or, null, any) and its reports are still there; null otherwise.</summary>
    public static GateState? TryRead(string path, byte[]? key)
    {
        return KeptFile.TryRead(path, Version, reader =>
        {
            byte[] kept = reader.ReadBytes(KeptFile.ReadCount(reader));
            if (key is not null && !kept.AsSpan().SequenceEqual(key)) return null;
            string summary = reader.ReadString();
            string[] table = Strings(reader);
            var findings = new CiFinding[KeptFile.ReadCount(reader)];
            for (int i = 0; i < findings.Length; i++)
            {
                findings[i] = new CiFinding(reader.ReadBoolean(), reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadInt32(), reader.ReadInt32());
            }
            var remarks = new GateRemark[KeptFile.ReadCount(reader)];
            for (int i = 0; i < remarks.Length; i++) remarks[i] = new GateRemark(reader.ReadString(), reader.ReadString());
            string[] reports = Strings(reader);
            foreach (string report in reports)
            {
                if (!File.Exists(report)) return null;
            }
            return new GateState(kept, summary, table, findings, remarks, reports, reader.ReadBoolean() ? ReadMessage(reader) : null);
        });
    }

    /// <summary>Writes the state; throws IOException or UnauthorizedAccessException.</summary>
    public void Write(string path)
    {
        KeptFile.Write(path, Version, writer =>
        {
            writer.Write(Key.Length);
            writer.Write(Key);
            writer.Write(Summary);
            Write(writer, Table);
            writer.Write(Findings.Length);
            foreach (CiFinding f in Findings)
            {
                writer.Write(f.IsError);
                writer.Write(f.Code);
                writer.Write(f.Message);
                writer.Write(f.File);
                writer.Write(f.Line);
                writer.Write(f.Column);
            }
            writer.Write(Remarks.Length);
            foreach (GateRemark remark in Remarks)
            {
                writer.Write(remark.Code);
                writer.Write(remark.Message);
            }
            Write(writer, ReportFiles);
            writer.Write(Message is not null);
            if (Message is not null) Write(writer, Message);
        });
    }

    private static string[] Strings(BinaryReader reader)
    {
        var strings = new string[KeptFile.ReadCount(reader)];
        for (int i = 0; i < strings.Length; i++) strings[i] = reader.ReadString();
        return strings;
    }

    private static void Write(BinaryWriter writer, string[] strings)
    {
        writer.Write(strings.Length);
        foreach (string s in strings) writer.Write(s);
    }

    private static CiMessage ReadMessage(BinaryReader reader)
    {
        var message = new CiMessage { Project = reader.ReadString(), Stage = reader.ReadString(), Target = reader.ReadString(), Summary = reader.ReadString(), Comment = reader.ReadString() };
        var figures = new CiFigure[KeptFile.ReadCount(reader)];
        for (int i = 0; i < figures.Length; i++)
        {
            figures[i] = new CiFigure(reader.ReadBoolean(), reader.ReadString(), reader.ReadString(), reader.ReadInt64(), reader.ReadBoolean() ? reader.ReadInt64() : null, reader.ReadString());
        }
        return message with { Figures = figures };
    }

    private static void Write(BinaryWriter writer, CiMessage message)
    {
        foreach (string text in (string[])[message.Project, message.Stage, message.Target, message.Summary, message.Comment]) writer.Write(text);
        writer.Write(message.Figures.Count);
        foreach (CiFigure figure in message.Figures)
        {
            writer.Write(figure.IsBudget);
            writer.Write(figure.Name);
            writer.Write(figure.Metric);
            writer.Write(figure.Value);
            writer.Write(figure.Limit is not null);
            if (figure.Limit is { } limit) writer.Write(limit);
            writer.Write(figure.Verdict);
        }
    }
}
