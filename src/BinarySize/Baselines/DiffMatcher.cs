using System.Runtime.InteropServices;
using BinarySize.Reports;

namespace BinarySize.Baselines;

/// <summary>
/// Finds, for the leaves of one tree, the ones of another tree that are the same: by name, by name without what is made up,
/// moved, renamed; in that order, each step among what the steps before left over. What could be several things stays added
/// and removed. Sorting and hashing only: time grows with the leaves as sorting them does.
/// </summary>
internal sealed class DiffMatcher
{
    // Smaller ones are alike by chance; for what is merely similar in size, names have to be alike as well.
    private const long LeastRenamed = 32;

    // Where more than so many pairs are possible at one place, sizes agree by chance, and names have to be alike.
    private const long FewPairs = 64;

    private const double SimilarSize = 0.02;

    private readonly Dictionary<(int Place, string Kind, string Name), int> _places = [];
    private readonly Dictionary<(int Place, string Kind, string Name), int> _normalPlaces = [];
    private readonly List<DiffLeaf> _old, _new;
    private readonly bool _sizesHaveNames;

    /// <param name="old">The tree as it was.</param>
    /// <param name="new">The tree as it is.</param>
    /// <param name="sizesHaveNames">True where what a symbol or member costs includes its name, so that another name makes another size.</param>
    public DiffMatcher(ReportNode old, ReportNode @new, bool sizesHaveNames)
    {
        _sizesHaveNames = sizesHaveNames;
        _old = Flatten(old, null);
        _new = Flatten(@new, SameFiles(old, @new));
    }

    public static bool IsPadding(ReportNode node) => node.Name == TreeBuilder.PaddingName && node.Kind == "padding";

    /// <summary>The rows of all leaves.</summary>
    public List<DiffRow> Match()
    {
        ByName();
        ByNormalName();
        Moved();
        MovedTogether();
        Renamed();

        var rows = new List<DiffRow>(_new.Count + 16);
        foreach (DiffLeaf leaf in _new) rows.Add(leaf.Partner is { } old ? Row(old, leaf) : new DiffRow(leaf.Name, leaf.Path, leaf.Kind, DiffStatus.Added, 0, leaf.Size));
        foreach (DiffLeaf leaf in _old)
        {
            if (leaf.Partner is null) rows.Add(new DiffRow(leaf.Name, leaf.Path, leaf.Kind, DiffStatus.Removed, leaf.Size, 0));
        }
        return rows;
    }

    private static DiffRow Row(DiffLeaf old, DiffLeaf @new)
    {
        bool samePath = ReferenceEquals(old.Path, @new.Path) || old.Path.AsSpan().SequenceEqual(@new.Path);
        bool same = samePath && old.Name == @new.Name;
        DiffStatus status = same ? DiffStatus.Unchanged : old.How != DiffStatus.Unchanged ? old.How : @new.FileStatus;
        // A new hash says nothing; that it grew does.
        if (status is DiffStatus.Unchanged or DiffStatus.Rehashed && old.Size != @new.Size) status = @new.Size > old.Size ? DiffStatus.Grown : DiffStatus.Shrunk;
        return new DiffRow(@new.Name, @new.Path, @new.Kind, status, old.Size, @new.Size)
        {
            OldName = old.Name == @new.Name ? null : old.Name,
            OldPath = samePath ? null : old.Path,
        };
    }

    private static int IdOf(Dictionary<(int, string, string), int> places, int place, string kind, string name)
    {
        ref int id = ref CollectionsMarshal.GetValueRefOrAddDefault(places, (place, kind, name), out bool exists);
        if (!exists) id = places.Count;
        return id;
    }

    // ---- the trees ----

    private List<DiffLeaf> Flatten(ReportNode root, Dictionary<ReportNode, (ReportNode Old, DiffStatus How)>? files)
    {
        var leaves = new List<DiffLeaf>();
        if (root.Children.Count == 0)
        {
            if (root.Size > 0) leaves.Add(new DiffLeaf("[contents]", "[contents]", "other", [], 0, 0, root.Size));
            return leaves;
        }
        var open = new Stack<(ReportNode Node, Place Place)>();
        open.Push((root, new Place(null, "", "", "", [], 0, 0, false, default)));
        while (open.TryPop(out (ReportNode Node, Place Place) next))
        {
            Place place = next.Place;
            foreach (ReportNode child in next.Node.Children)
            {
                if (place.Outer is null && IsPadding(child)) continue;
                if (child is { Kind: "other", Name: "[other]" })
                {
                    // The same as the node itself would be, had it no children.
                    leaves.Add(place.Outer is { } outer ? Leaf(outer, place.Name, place.Key, place.Kind, child.Size, place.FileStatus) : Leaf(place, "[contents]", "[contents]", "other", child.Size, default));
                    continue;
                }
                string key = child.Name;
                DiffStatus fileStatus = place.FileStatus;
                if (files is not null && files.TryGetValue(child, out (ReportNode Old, DiffStatus How) same)) (key, fileStatus) = (same.Old.Name, same.How);
                if (child.Children.Count == 0)
                {
                    leaves.Add(Leaf(place, child.Name, key, child.Kind, child.Size, fileStatus));
                    continue;
                }
                string normal = MadeUpNames.Normalize(key, child.Kind, out bool counted);
                int id = IdOf(_places, place.Id, child.Kind, key), normalId = IdOf(_normalPlaces, place.NormalId, child.Kind, normal);
                open.Push((child, new Place(place, child.Name, key, child.Kind, [.. place.Inner, child.Name], id, normalId, place.InCounted || counted, fileStatus)));
            }
        }
        return leaves;
    }

    private static DiffLeaf Leaf(Place place, string name, string key, string kind, long size, DiffStatus fileStatus) =>
        new(name, key, kind, place.Inner, place.Id, place.NormalId, size) { InCounted = place.InCounted, FileStatus = fileStatus };

    private sealed record Place(Place? Outer, string Name, string Key, string Kind, string[] Inner, int Id, int NormalId, bool InCounted, DiffStatus FileStatus);

    // Files of a folder or an archive that have another path now, and the one assembly; what is in them is compared in their place.
    private static Dictionary<ReportNode, (ReportNode, DiffStatus)> SameFiles(ReportNode old, ReportNode @new)
    {
        var names = new HashSet<string>();
        List<DiffLeaf> before = [], after = [], left = [], come = [];
        var nodes = new Dictionary<DiffLeaf, ReportNode>();
        foreach (ReportNode file in old.Children) Add(file, before);
        foreach (ReportNode file in @new.Children) Add(file, after);
        foreach (DiffLeaf file in after) names.Add(file.Name);
        foreach (DiffLeaf file in before)
        {
            if (!names.Remove(file.Name)) left.Add(file);
        }
        foreach (DiffLeaf file in after)
        {
            if (names.Contains(file.Name)) come.Add(file);
        }
        var same = new Dictionary<ReportNode, (ReportNode, DiffStatus)>();
        SameAssembly();
        if (left.Count == 0 || come.Count == 0) return same;
        Pass(left, come, f => (0, f.Kind, f.Normal), g => g.PairUnique(DiffStatus.Rehashed));
        // A name like README.md says where it came from only if there is no other.
        Dictionary<(int, string, string), int> all = Count(before, after, BaseName);
        Pass(left, come, BaseName, g => g.PairUnique(DiffStatus.Moved, all));
        foreach ((DiffLeaf was, DiffLeaf now) in Similar(left, come, FolderAndExtension, copies: [0])) DiffLeaf.Pair(was, now, DiffStatus.Renamed);
        foreach (DiffLeaf file in come)
        {
            if (file.Partner is not null) same.Add(nodes[file], (nodes[file.Partner], file.How));
        }
        return same;

        void Add(ReportNode file, List<DiffLeaf> to)
        {
            if (file.Kind != "file" || file.Name.StartsWith('[')) return;
            var leaf = new DiffLeaf(file.Name, file.Name, file.Kind, [], 0, 0, file.Size);
            nodes.Add(leaf, file);
            to.Add(leaf);
        }
        // A library that was built under another name is the same library.
        void SameAssembly()
        {
            List<ReportNode> were = [.. old.Children.Where(c => c.Kind == "assembly")], are = [.. @new.Children.Where(c => c.Kind == "assembly")];
            if (were.Count == 1 && are.Count == 1 && were[0].Name != are[0].Name) same.Add(are[0], (were[0], DiffStatus.Unchanged));
        }
        static (int, string, string) BaseName(DiffLeaf file) => (0, file.Kind, file.Simple);
        static (int, string, string) FolderAndExtension(DiffLeaf file) => (0, Path.GetExtension(file.Name), file.Name[..(file.Name.LastIndexOf('/') + 1)]);
    }

    // ---- the steps ----

    private void ByName() => Pass(_old, _new, l => (l.Place, l.Kind, l.Key), g =>
    {
        if (g.OldCount == 1 && g.NewCount == 1)
        {
            // The closure with this number may be another one today.
            if (g.Old!.Size == g.New!.Size || !g.New.IsCounted) g.PairUnique(DiffStatus.Unchanged);
            return;
        }
        g.PairEqualSizes(DiffStatus.Unchanged);
        if (g.New is { IsCounted: false }) g.PairInOrder(DiffStatus.Unchanged);
    });

    private void ByNormalName()
    {
        Pass(_old, _new, l => (l.NormalPlace, l.Kind, l.Normal), g =>
        {
            if (g.OldCount > 1 || g.NewCount > 1)
            {
                g.PairEqualSizes(DiffStatus.Rehashed);
                g.PairEqualNames(DiffStatus.Rehashed);
                if (g.OldCount != g.NewCount) return;
            }
            g.PairInOrder(DiffStatus.Rehashed);
        });
        Pass(_old, _new, l => (l.NormalPlace, l.Kind, l.Kind is "symbol" or "member" ? MadeUpNames.WithoutSuffixes(l.Normal) : l.Normal), g => g.PairUnique(DiffStatus.Rehashed));
    }

    private void Moved()
    {
        // To another scope of the same section: the linker's name says so.
        Pass(_old, _new, l => (l.NormalPlace, l.Kind, l.Simple), g => g.PairUnique(DiffStatus.Moved), l => l.Kind == "symbol" && l.Simple != l.Normal);
        // To another section, namespace, type. Linker names are unique by nature; of others (".ctor") only what is found once.
        Dictionary<(int, string, string), int> near = Count(_old, _new, WithScope), far = Count(_old, _new, Alone);
        Pass(_old, _new, WithScope, g => g.PairUnique(DiffStatus.Moved, g.New!.Kind == "symbol" ? null : near), CanMove);
        Pass(_old, _new, Alone, g => g.PairUnique(DiffStatus.Moved, g.New!.Kind == "symbol" ? null : far), CanMove);

        // What formats call their parts (".text", "headers") is no sign of anything.
        static bool CanMove(DiffLeaf leaf) => leaf.Kind is "symbol" or "member" or "type" or "namespace" or "assembly" or "package";
        static (int, string, string) WithScope(DiffLeaf leaf) => (0, leaf.Kind, leaf.Path.Length == 0 ? leaf.Normal : $"{leaf.Path[^1]}\0{leaf.Normal}");
        static (int, string, string) Alone(DiffLeaf leaf) => (0, leaf.Kind, leaf.Normal);
    }

    // The rest of a type follows the members that are known to have moved, if they all went to one place.
    private void MovedTogether()
    {
        var to = new Dictionary<int, int>();
        var from = new Dictionary<int, int>();
        foreach (DiffLeaf leaf in _new)
        {
            if (leaf.How != DiffStatus.Moved || leaf.Partner is not { } old || old.NormalPlace == leaf.NormalPlace) continue;
            Note(to, old.NormalPlace, leaf.NormalPlace);
            Note(from, leaf.NormalPlace, old.NormalPlace);
        }
        if (to.Count == 0) return;
        var goal = new HashSet<int>();
        foreach ((int place, int target) in to)
        {
            if (target >= 0 && from[target] == place) goal.Add(target);
        }
        Pass(_old, _new, l => (l.NormalPlace, l.Kind, l.Normal), g =>
        {
            g.PairEqualSizes(DiffStatus.Moved);
            if (g.OldCount == 1 && g.NewCount == 1) g.PairUnique(DiffStatus.Moved);
        }, l => goal.Contains(l.NormalPlace), l => to.TryGetValue(l.NormalPlace, out int target) && goal.Contains(target), l => (to[l.NormalPlace], l.Kind, l.Normal));

        static void Note(Dictionary<int, int> places, int place, int other)
        {
            ref int known = ref CollectionsMarshal.GetValueRefOrAddDefault(places, place, out bool exists);
            known = exists && known != other ? -1 : other;
        }
    }

    private void Renamed()
    {
        // A symbol has bytes in several sections (code, symbol table, names): the largest pair decides what it is called now.
        List<(DiffLeaf Old, DiffLeaf New)> pairs = Similar(_old, _new, l => (l.NormalPlace, l.Kind, ""), _sizesHaveNames ? [1, 0, 2] : [0]);
        pairs.Sort((a, b) => b.Old.Size != a.Old.Size ? b.Old.Size.CompareTo(a.Old.Size) : string.CompareOrdinal(a.Old.Name, b.Old.Name));
        var to = new Dictionary<(string Kind, string Name), string>();
        var from = new Dictionary<(string Kind, string Name), string>();
        foreach ((DiffLeaf old, DiffLeaf @new) in pairs)
        {
            (string Kind, string Normal) was = (old.Kind, old.Normal), now = (@new.Kind, @new.Normal);
            if (to.TryGetValue(was, out string? known) ? known != now.Normal : from.ContainsKey(now)) continue;
            to[was] = now.Normal;
            from[now] = was.Normal;
            DiffLeaf.Pair(old, @new, DiffStatus.Renamed);
        }
        if (to.Count == 0) return;
        Pass(_old, _new, l => (l.NormalPlace, l.Kind, l.Normal), g => g.PairUnique(DiffStatus.Renamed), l => from.ContainsKey((l.Kind, l.Normal)),
            l => to.ContainsKey((l.Kind, l.Normal)), l => (l.NormalPlace, l.Kind, to[(l.Kind, l.Normal)]));
    }

    // Pairs at one place that agree in size and with nothing else there. Their names may be part of their sizes; a dynamic
    // symbol's is twice.
    private static List<(DiffLeaf Old, DiffLeaf New)> Similar(List<DiffLeaf> olds, List<DiffLeaf> news, Func<DiffLeaf, (int, string, string)> placeOf, int[] copies)
    {
        var pairs = new List<(DiffLeaf, DiffLeaf)>();
        var taken = new HashSet<DiffLeaf>();
        Pass(olds, news, placeOf, g =>
        {
            bool few = (long)g.OldCount * g.NewCount <= FewPairs;
            foreach (int times in copies)
            {
                Sized[] before = Without(g.Olds(), times), after = Without(g.News(), times);
                foreach (Sized old in before)
                {
                    if (Only(after, old.Size, 0) is { } now && Only(before, old.Size, 0) == old.Leaf && (Tells(old.Leaf) || SimpleNames.AreAlike(old.Leaf.Simple, now.Simple))) Take(old.Leaf, now);
                }
            }
            Sized[] left = Without(g.Olds(), 0), come = Without(g.News(), 0);
            foreach (Sized old in left)
            {
                if (Only(come, old.Size, SimilarSize) is { } now && Only(left, now.Size, SimilarSize) == old.Leaf && SimpleNames.AreAlike(old.Leaf.Simple, now.Simple)) Take(old.Leaf, now);
            }
            // The sizes of many files are multiples of what their format aligns them to.
            bool Tells(DiffLeaf leaf) => few && (leaf.Kind != "file" || leaf.Size % 512 != 0);
        }, l => l.Size >= LeastRenamed);
        return pairs;

        void Take(DiffLeaf old, DiffLeaf now)
        {
            pairs.Add((old, now));
            taken.Add(old);
            taken.Add(now);
        }
        Sized[] Without(IEnumerable<DiffLeaf> leaves, int names) =>
            [.. leaves.Where(l => !taken.Contains(l)).Select(l => new Sized(l.Kind is "symbol" or "member" ? l.Size - names * (long)l.Name.Length : l.Size, l)).OrderBy(s => s.Size)];
    }

    private sealed record Sized(long Size, DiffLeaf Leaf);

    // The one leaf of about this size; null where there is none or more than one.
    private static DiffLeaf? Only(Sized[] bySize, long size, double tolerance)
    {
        long around = (long)(size * tolerance), least = size - around, most = size + around;
        int low = 0, high = bySize.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (bySize[middle].Size < least) low = middle + 1;
            else high = middle;
        }
        if (low == bySize.Length || bySize[low].Size > most) return null;
        return low + 1 < bySize.Length && bySize[low + 1].Size <= most ? null : bySize[low].Leaf;
    }

    // How often a key is there at all, on the side that has it more often; only of keys that something without a partner has.
    private static Dictionary<(int, string, string), int> Count(List<DiffLeaf> olds, List<DiffLeaf> news, Func<DiffLeaf, (int, string, string)> keyOf)
    {
        var counts = new Dictionary<(int, string, string), int>();
        foreach (DiffLeaf leaf in news)
        {
            if (leaf.Partner is null && leaf.Kind != "symbol") counts[keyOf(leaf)] = 0;
        }
        if (counts.Count == 0) return counts;
        var before = new Dictionary<(int, string, string), int>(counts);
        Add(news, counts);
        Add(olds, before);
        foreach ((var key, int count) in before) counts[key] = Math.Max(count, counts[key]);
        return counts;

        void Add(List<DiffLeaf> leaves, Dictionary<(int, string, string), int> to)
        {
            foreach (DiffLeaf leaf in leaves)
            {
                if (leaf.Kind == "symbol") continue;
                ref int count = ref CollectionsMarshal.GetValueRefOrNullRef(to, keyOf(leaf));
                if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref count)) count++;
            }
        }
    }

    // Brings together what has the same key and no partner yet.
    private static void Pass(
        List<DiffLeaf> olds, List<DiffLeaf> news, Func<DiffLeaf, (int, string, string)> keyOf, Action<DiffGroup> pair,
        Func<DiffLeaf, bool>? which = null, Func<DiffLeaf, bool>? whichOld = null, Func<DiffLeaf, (int, string, string)>? keyOfOld = null)
    {
        whichOld ??= which;
        keyOfOld ??= keyOf;
        var groups = new Dictionary<(int, string, string), DiffGroup>();
        var order = new List<DiffGroup>();
        foreach (DiffLeaf old in olds)
        {
            if (old.Partner is not null || whichOld?.Invoke(old) == false) continue;
            (int, string, string) key = keyOfOld(old);
            ref DiffGroup? group = ref CollectionsMarshal.GetValueRefOrAddDefault(groups, key, out _);
            if (group is null) order.Add(group = new DiffGroup(key));
            group.AddOld(old);
        }
        if (order.Count == 0) return;
        foreach (DiffLeaf @new in news)
        {
            if (@new.Partner is null && which?.Invoke(@new) != false && groups.TryGetValue(keyOf(@new), out DiffGroup? group)) group.AddNew(@new);
        }
        foreach (DiffGroup group in order)
        {
            if (group.NewCount > 0) pair(group);
        }
    }
}
