using BinarySize.IO;

namespace BinarySize.Shrinking.Cuts;

/// <summary>A cut with which the app does not stand its check.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Detail">What the check said.</param>
public sealed record BrokenCut(string Name, string Detail);

/// <summary>
/// What the project's command said about cuts, kept in the intermediate folder: a build in which nothing changed asks it
/// nothing, and leaves out at once what broke the app the last time.
/// </summary>
/// <param name="Key">Everything that it depends on: the plan's key and the command's.</param>
/// <param name="Broken">Cuts that broke the app.</param>
/// <param name="WithoutAny">What the command says about the app without any cut, where that fails as well; null where it does not.</param>
/// <param name="Sizes">Bytes of what is published without cuts, with the first that stayed, with the first two...; empty where not measured.</param>
public sealed record CutVerdict(string Key, IReadOnlyList<BrokenCut> Broken, string? WithoutAny, IReadOnlyList<long> Sizes)
{
    // Raised when the layout of this file changes.
    private const int Version = 1;

    /// <summary>Reads a verdict; null where it is missing, damaged, or of another key.</summary>
    public static CutVerdict? TryRead(string path, string key)
    {
        return KeptFile.TryRead(path, Version, reader =>
        {
            if (reader.ReadString() != key) return null;
            var broken = new BrokenCut[KeptFile.ReadCount(reader)];
            for (int i = 0; i < broken.Length; i++) broken[i] = new BrokenCut(reader.ReadString(), reader.ReadString());
            string? without = reader.ReadBoolean() ? reader.ReadString() : null;
            long[] sizes = new long[KeptFile.ReadCount(reader)];
            for (int i = 0; i < sizes.Length; i++) sizes[i] = reader.ReadInt64();
            return new CutVerdict(key, broken, without, sizes);
        });
    }

    /// <summary>Writes it, complete or not at all. Throws IOException or UnauthorizedAccessException.</summary>
    public void Write(string path)
    {
        KeptFile.Write(path, Version, writer =>
        {
            writer.Write(Key);
            writer.Write(Broken.Count);
            foreach (BrokenCut cut in Broken)
            {
                writer.Write(cut.Name);
                writer.Write(cut.Detail);
            }
            writer.Write(WithoutAny is not null);
            if (WithoutAny is not null) writer.Write(WithoutAny);
            writer.Write(Sizes.Count);
            foreach (long size in Sizes) writer.Write(size);
        });
    }
}
