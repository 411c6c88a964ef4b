using BinarySize.Artifacts;
using BinarySize.Budgets;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Variants;

/// <summary>Sizes of a publish folder.</summary>
/// <param name="Files">What ships: everything in the folder but symbols.</param>
public sealed record Shipped(IReadOnlyList<FoundFile> Files)
{
    // Nobody deploys these, and an option or two keeps them out of every publish folder: counted, they would drown what is compared.
    private static readonly string[] s_symbols = [".pdb", ".dbg", ".debug"];

    /// <summary>What ships of a folder. Symbols (.pdb, .dbg, .debug, .dSYM) do not.</summary>
    public static Shipped In(string folder) => new([.. FolderWalker.Walk(folder, []).Where(f => !IsSymbols(f.Path))]);

    /// <summary>Bytes on disk.</summary>
    public long Size => Files.Sum(f => f.Size);

    /// <summary>Bytes after compressing each file by itself.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public long Compressed(CompressedSizes sizes, BudgetMetric metric, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        long sum = 0;
        Parallel.ForEach(Files.Where(f => f.LinkTarget is null), new ParallelOptions { CancellationToken = cancel }, () => 0L, (file, _, local) => local + sizes.Of(file.FullPath, metric, cancel), local => Interlocked.Add(ref sum, local));
        return sum;
    }

    /// <summary>Bytes of a file that only keep alignment.</summary>
    public static long PaddingOf(string path)
    {
        if (FolderWalker.Find(path, Path.GetFileName(path)) is not { } file) return 0;
        using MeasuredArtifact artifact = Measurer.Measure(file.Path, ArtifactKind.File, [file], [], new MeasureOptions { Access = FileAccessMode.Map, WithOwners = static _ => false });
        SizeMap map = artifact.Files[0].Map;
        long padding = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            if (map.Slices[i].Content == ContentKind.Padding) padding += map.LengthOf(i);
        }
        return padding;
    }

    private static bool IsSymbols(string path) =>
        s_symbols.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase) || path.Contains(".dSYM/", StringComparison.OrdinalIgnoreCase);
}
