namespace BinarySize.Baselines;

/// <summary>One leaf of an artifact's tree while it looks for its partner in the other artifact's.</summary>
internal sealed class DiffLeaf(string name, string key, string kind, string[] path, int place, int normalPlace, long size)
{
    private string? _normal;
    private bool _counted;
    private string? _simple;

    public string Name => name;

    public string Kind => kind;

    public string[] Path => path;

    /// <summary>What it is in, by number; equal numbers are equal paths.</summary>
    public int Place => place;

    /// <summary>What it is in without what is made up; equal numbers are equal paths.</summary>
    public int NormalPlace => normalPlace;

    public long Size => size;

    /// <summary>The name that it is looked for by: of a renamed file the old one.</summary>
    public string Key => key;

    /// <summary>How the file came here that it is or is in: renamed, moved, rehashed.</summary>
    public DiffStatus FileStatus { get; init; }

    /// <summary>True where the number of something that it is in only counts.</summary>
    public bool InCounted { get; init; }

    /// <summary>The partner in the other artifact; null as long as it has none.</summary>
    public DiffLeaf? Partner { get; private set; }

    /// <summary>How they were found to be the same; <see cref="DiffStatus.Unchanged"/> where they are called the same.</summary>
    public DiffStatus How { get; private set; }

    /// <summary>The next one of a group.</summary>
    public DiffLeaf? Next { get; set; }

    /// <summary>The name without what is made up.</summary>
    public string Normal => _normal ??= MadeUpNames.Normalize(key, kind, out _counted);

    /// <summary>True where its own name or what it is in has a number that only counts.</summary>
    public bool IsCounted => InCounted || (Normal.Length > 0 && _counted);

    /// <summary>The name without the scope that it is in.</summary>
    public string Simple => _simple ??= SimpleNames.Of(Normal, kind);

    public static void Pair(DiffLeaf old, DiffLeaf @new, DiffStatus how)
    {
        (old.Partner, @new.Partner) = (@new, old);
        old.How = @new.How = how;
    }
}
