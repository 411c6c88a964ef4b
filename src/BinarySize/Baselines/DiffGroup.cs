namespace BinarySize.Baselines;

/// <summary>Leaves of two trees that have a key in common.</summary>
internal sealed class DiffGroup((int, string, string) key)
{
    public DiffLeaf? Old { get; private set; }

    public DiffLeaf? New { get; private set; }

    public int OldCount { get; private set; }

    public int NewCount { get; private set; }

    public void AddOld(DiffLeaf leaf)
    {
        (leaf.Next, Old) = (Old, leaf);
        OldCount++;
    }

    public void AddNew(DiffLeaf leaf)
    {
        (leaf.Next, New) = (New, leaf);
        NewCount++;
    }

    public IEnumerable<DiffLeaf> Olds() => All(Old);

    public IEnumerable<DiffLeaf> News() => All(New);

    /// <summary>Pairs one with one, and only that; with <paramref name="all"/> only where neither side has the key anywhere else.</summary>
    public void PairUnique(DiffStatus how, Dictionary<(int, string, string), int>? all = null)
    {
        if (OldCount != 1 || NewCount != 1 || all?.GetValueOrDefault(key) > 1) return;
        DiffLeaf.Pair(Old!, New!, how);
        Keep([], []);
    }

    /// <summary>Pairs what has the same size; of several first what has the same name.</summary>
    public void PairEqualSizes(DiffStatus how)
    {
        PairEqual(how, static (a, b) => a.Size != b.Size ? a.Size.CompareTo(b.Size) : string.CompareOrdinal(a.Name, b.Name));
        PairEqual(how, static (a, b) => a.Size.CompareTo(b.Size));
    }

    /// <summary>Pairs what has the same name.</summary>
    public void PairEqualNames(DiffStatus how) => PairEqual(how, static (a, b) => string.CompareOrdinal(a.Name, b.Name));

    /// <summary>Pairs one by one in the order of names and sizes, until one side has none left.</summary>
    public void PairInOrder(DiffStatus how)
    {
        List<DiffLeaf> olds = [.. Olds()], news = [.. News()];
        olds.Sort(Order);
        news.Sort(Order);
        int pairs = Math.Min(olds.Count, news.Count);
        for (int i = 0; i < pairs; i++) DiffLeaf.Pair(olds[i], news[i], how);
        Keep(olds[pairs..], news[pairs..]);

        // A shorter number is a smaller one. The largest come first: what is left over is small.
        static int Order(DiffLeaf a, DiffLeaf b) =>
            a.Name.Length != b.Name.Length ? a.Name.Length.CompareTo(b.Name.Length)
            : string.CompareOrdinal(a.Name, b.Name) is var byName && byName != 0 ? byName
            : b.Size.CompareTo(a.Size);
    }

    private void PairEqual(DiffStatus how, Comparison<DiffLeaf> compare)
    {
        if (OldCount == 0 || NewCount == 0) return;
        List<DiffLeaf> olds = [.. Olds()], news = [.. News()], oldRest = [], newRest = [];
        olds.Sort(compare);
        news.Sort(compare);
        int o = 0, n = 0;
        while (o < olds.Count && n < news.Count)
        {
            int order = compare(olds[o], news[n]);
            if (order == 0) DiffLeaf.Pair(olds[o++], news[n++], how);
            else if (order < 0) oldRest.Add(olds[o++]);
            else newRest.Add(news[n++]);
        }
        oldRest.AddRange(olds[o..]);
        newRest.AddRange(news[n..]);
        Keep(oldRest, newRest);
    }

    private void Keep(List<DiffLeaf> olds, List<DiffLeaf> news)
    {
        Old = New = null;
        OldCount = NewCount = 0;
        foreach (DiffLeaf leaf in olds) AddOld(leaf);
        foreach (DiffLeaf leaf in news) AddNew(leaf);
    }

    private static IEnumerable<DiffLeaf> All(DiffLeaf? first)
    {
        for (DiffLeaf? leaf = first; leaf is not null; leaf = leaf.Next) yield return leaf;
    }
}
