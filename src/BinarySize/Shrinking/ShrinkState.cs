using BinarySize.IO;

namespace BinarySize.Shrinking;

/// <summary>Size and last write time (UTC ticks): what tells a file of the artifact from another of the same path.</summary>
internal readonly record struct Stamp(long Size, long Modified);

/// <summary>One file of the artifact as it was last time.</summary>
/// <param name="Path">Relative path with '/'.</param>
/// <param name="Original">What the build published.</param>
/// <param name="Hash">SHA-256 of its bytes in hexadecimal.</param>
/// <param name="Output">Name in the cache of what stands in its place; empty for the original itself.</param>
/// <param name="IsRemoved">It was taken out.</param>
/// <param name="Ours">What we may have put in its place, the latest last: after an interruption it can be an earlier one.</param>
internal sealed record StateFile(string Path, Stamp Original, string Hash, string Output, bool IsRemoved, IReadOnlyList<Stamp> Ours);

/// <summary>What is remembered of a folder that was shrunk. It is written before the first file is exchanged.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Key">Everything that the outcome depends on, hashed.</param>
/// <param name="IsFinal">False where the outcome may be another the next time without a change: a missing tool, a failed check.</param>
/// <param name="Files">Its files.</param>
/// <param name="Findings">What was said.</param>
internal sealed record ShrinkState(string Folder, string Key, bool IsFinal, IReadOnlyList<StateFile> Files, IReadOnlyList<ShrinkFinding> Findings)
{
    // Raised when the layout of this file changes.
    private const int Version = 1;

    /// <summary>Reads a state; null where it is missing, damaged, or of another version.</summary>
    public static ShrinkState? TryRead(string path)
    {
        return KeptFile.TryRead(path, Version, reader =>
        {
            string folder = reader.ReadString(), key = reader.ReadString();
            bool isFinal = reader.ReadBoolean();
            var files = new StateFile[KeptFile.ReadCount(reader)];
            for (int i = 0; i < files.Length; i++)
            {
                string name = reader.ReadString();
                var original = new Stamp(reader.ReadInt64(), reader.ReadInt64());
                string hash = reader.ReadString(), output = reader.ReadString();
                bool removed = reader.ReadBoolean();
                var ours = new Stamp[KeptFile.ReadCount(reader)];
                for (int o = 0; o < ours.Length; o++) ours[o] = new Stamp(reader.ReadInt64(), reader.ReadInt64());
                files[i] = new StateFile(name, original, hash, output, removed, ours);
            }
            var findings = new ShrinkFinding[KeptFile.ReadCount(reader)];
            for (int i = 0; i < findings.Length; i++) findings[i] = new ShrinkFinding((FindingSeverity)reader.ReadByte(), reader.ReadString(), reader.ReadString());
            return new ShrinkState(folder, key, isFinal, files, findings);
        });
    }

    /// <summary>Writes the state, complete or not at all. Throws IOException or UnauthorizedAccessException.</summary>
    public void Write(string path)
    {
        KeptFile.Write(path, Version, writer =>
        {
            writer.Write(Folder);
            writer.Write(Key);
            writer.Write(IsFinal);
            writer.Write(Files.Count);
            foreach (StateFile file in Files)
            {
                writer.Write(file.Path);
                Write(writer, file.Original);
                writer.Write(file.Hash);
                writer.Write(file.Output);
                writer.Write(file.IsRemoved);
                writer.Write(file.Ours.Count);
                foreach (Stamp stamp in file.Ours) Write(writer, stamp);
            }
            writer.Write(Findings.Count);
            foreach (ShrinkFinding finding in Findings)
            {
                writer.Write((byte)finding.Severity);
                writer.Write(finding.Code);
                writer.Write(finding.Message);
            }
        });
    }

    private static void Write(BinaryWriter writer, Stamp stamp)
    {
        writer.Write(stamp.Size);
        writer.Write(stamp.Modified);
    }
}
