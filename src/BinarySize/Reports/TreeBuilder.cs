using System.Runtime.InteropServices;
using BinarySize.Artifacts;
using BinarySize.Mapping;

namespace BinarySize.Reports;

/// <summary>How a tree is made.</summary>
public sealed record TreeOptions
{
    /// <summary>Show linker symbols as their source has them.</summary>
    public bool Demangle { get; init; }

    /// <summary>Names to show; the bytes of all others stand in one node. Null for all.</summary>
    public Func<string, bool>? Filter { get; init; }

    /// <summary>All padding stands in one node "[padding]" below the root, at whatever levels.</summary>
    public bool PaddingApart { get; init; }
}

/// <summary>
/// Groups an artifact's slices by levels. Bytes that have no answer at a level (the padding of a file has no type) stand
/// under the format part that they are, in brackets, so that every tree adds up to the file.
/// </summary>
public static class TreeBuilder
{
    /// <summary>The node below the root that has the padding where it is kept apart.</summary>
    public const string PaddingName = "[padding]";

    /// <summary>The tree of an artifact, grouped by <paramref name="levels"/> from the outermost to the innermost.</summary>
    public static ReportNode Build(MeasuredArtifact artifact, IReadOnlyList<Level> levels, TreeOptions? options = null) => Build(artifact, _ => levels, options);

    /// <summary>The tree of an artifact, each file grouped by levels of its own.</summary>
    public static ReportNode Build(MeasuredArtifact artifact, Func<MeasuredFile, IReadOnlyList<Level>> levels, TreeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        options ??= new TreeOptions();
        var tree = new TreeTable(artifact.Path, "artifact");
        foreach (MeasuredFile file in artifact.Files)
        {
            tree.BeginFile(file.Map.Names);
            new FileGrouping(artifact, file, [.. levels(file)], options, tree).Add();
        }
        tree.Finish(options.Filter);
        return tree.View(0);
    }

    private static bool IsContainer(PartKind kind) => kind is PartKind.File or PartKind.Folder or PartKind.Layer or PartKind.Slice;

    private sealed class FileGrouping(MeasuredArtifact artifact, MeasuredFile file, Level[] levels, TreeOptions options, TreeTable tree)
    {
        /// <summary>Where an owner's last slice went.</summary>
        [StructLayout(LayoutKind.Sequential, Pack = 4)]
        private struct Memo
        {
            public long Place;
            public int Node;
        }

        // By part: the innermost container; the section or what stands for it, -1 for none; the node of the levels up to _partLevels.
        private int[] _containers = [], _sections = [], _partNodes = [];

        // By level, where it asks for owners: by owner, the answer; 0 for none.
        private readonly int[]?[] _answers = new int[levels.Length][];

        // By owner: its name in the tree and 1; 0 where nobody asked yet.
        private int[] _sharedNames = [];

        // Levels at the start that look at nothing but the part.
        private int _partLevels;

        // By owner that is an answer: where it stands, below which node of the part. Empty where more than owners decides.
        private (int PartNode, int Node)[] _places = [];

        public void Add()
        {
            SizeMap map = file.Map;
            ReadOnlySpan<Slice> slices = map.Slices;
            Prepare();
            if (map.Size == 0)
            {
                if (levels.Contains(Level.File)) Deepest(new Slice(0, 0, 0, ContentKind.Other, Basis.Exact));
                return;
            }
            bool bySection = levels.Contains(Level.Section), byContent = levels.Contains(Level.Kind);
            bool byContainer = levels.Contains(Level.File) || (levels.Contains(Level.Package) && file.EntryPackages is not null);
            int[]? last = levels.Length > 0 ? _answers[^1] : null;
            var memos = new Memo[map.Owners.Length];
            for (int i = 0; i < slices.Length; i++)
            {
                Slice s = slices[i];
                long length = (i + 1 < slices.Length ? slices[i + 1].Start : map.Size) - s.Start;
                if (options.PaddingApart && (s.Content == ContentKind.Padding || map.Parts[s.Part].Kind == PartKind.Padding))
                {
                    tree.AddBytes(tree.Shared(0, PartKinds.NameOf(PartKind.Padding), tree.Intern(PaddingName)), length, s.Basis);
                    continue;
                }
                // Of owner, part and content only this has a say in where a slice goes. Without an answer at the last level it is the section.
                long place = bySection || (last is not null && last[s.Owner] == 0)
                    ? _sections[s.Part] >= 0 ? 2L * _sections[s.Part] + 1 : 2L * _containers[s.Part]
                    : byContainer ? 2L * _containers[s.Part] : 0;
                place = (place << 8 | (byContent ? (uint)s.Content : 0)) + 1;
                ref Memo memo = ref memos[s.Owner];
                if (memo.Place != place) memo = new Memo { Place = place, Node = Deepest(s) };
                tree.AddBytes(memo.Node, length, s.Basis);
            }
        }

        private void Prepare()
        {
            ReadOnlySpan<Part> parts = file.Map.Parts;
            _containers = new int[parts.Length];
            _sections = new int[parts.Length];
            _partNodes = new int[parts.Length];
            Array.Fill(_partNodes, -1);
            for (int i = 0; i < parts.Length; i++)
            {
                if (i == 0 || IsContainer(parts[i].Kind)) (_containers[i], _sections[i]) = (i, -1);
                else
                {
                    // The innermost section, or the outermost format part below the file.
                    int parent = parts[i].Parent;
                    _containers[i] = _containers[parent];
                    _sections[i] = parts[i].Kind == PartKind.Section || _sections[parent] < 0 ? i : _sections[parent];
                }
            }
            for (int i = 0; i < levels.Length; i++)
            {
                if (_partLevels == i && levels[i] is Level.File or Level.Section) _partLevels = i + 1;
                _answers[i] = levels[i] switch
                {
                    Level.File or Level.Section or Level.Kind => null,
                    Level.Symbol => Answers(OwnerKind.Symbol, OwnerKind.Member),
                    Level.Package => Answers(OwnerKind.Package, OwnerKind.Package),
                    Level.Assembly => Answers(OwnerKind.Assembly, OwnerKind.Assembly),
                    Level.Namespace => Answers(OwnerKind.Namespace, OwnerKind.Namespace),
                    Level.Type => Answers(OwnerKind.Type, OwnerKind.Type),
                    _ => Answers(OwnerKind.Member, OwnerKind.Member),
                };
            }
            bool byOwners = file.Package is null && file.EntryPackages is null && _partLevels < levels.Length;
            for (int i = _partLevels; i < levels.Length; i++) byOwners &= _answers[i] is not null && levels[i] != Level.Symbol;
            if (byOwners && AnswersAgree()) _places = new (int, int)[file.Map.Owners.Length];
        }

        // True where what levels answer to an owner they answer to its other answers too. It is so where levels go inwards and owners stand in each other as usual.
        private bool AnswersAgree()
        {
            for (int inner = _partLevels + 1; inner < levels.Length; inner++)
            {
                int[] inners = _answers[inner]!;
                for (int outer = _partLevels; outer < inner; outer++)
                {
                    int[] outers = _answers[outer]!;
                    for (int owner = 1; owner < inners.Length; owner++)
                    {
                        if (inners[owner] != 0 && outers[inners[owner]] != outers[owner]) return false;
                    }
                }
            }
            return true;
        }

        // The innermost owner of the first kind that an owner is or belongs to; where there is none, of the second kind.
        private int[] Answers(OwnerKind kind, OwnerKind second)
        {
            ReadOnlySpan<Owner> owners = file.Map.Owners;
            var answers = new int[owners.Length];
            for (int i = 1; i < owners.Length; i++)
            {
                int inherited = answers[owners[i].Parent];
                answers[i] = owners[i].Kind == kind ? i
                    : owners[i].Kind == second && (inherited == 0 || owners[inherited].Kind != kind) ? i
                    : inherited;
            }
            return answers;
        }

        private int Deepest(in Slice s)
        {
            int node = _partNodes[s.Part];
            if (node < 0) _partNodes[s.Part] = node = Descend(0, s, 0, _partLevels);
            if (_partLevels == levels.Length) return node;
            return _places.Length > 0 && _answers[^1]![s.Owner] is var answer and not 0 ? Place(node, levels.Length - 1, answer) : Descend(node, s, _partLevels, levels.Length);
        }

        // What Descend comes to for an owner's answer, which stands below what the levels before answer to it.
        private int Place(int partNode, int level, int answer)
        {
            ref (int PartNode, int Node) place = ref _places[answer];
            // Node 0 is the root, which nothing of a part stands for: 1 is added.
            if (place.PartNode == partNode + 1) return place.Node;
            int above = partNode;
            for (int i = level - 1; i >= _partLevels; i--)
            {
                if (_answers[i]![answer] is not (var outer and not 0)) continue;
                above = Place(partNode, i, outer);
                break;
            }
            place = (partNode + 1, tree.Shared(above, Levels.NameOf(levels[level]), SharedName(answer)));
            return place.Node;
        }

        private int Descend(int node, in Slice s, int from, int to)
        {
            SizeMap map = file.Map;
            for (int i = from; i < to; i++)
            {
                bool last = i == levels.Length - 1;
                int answer = _answers[i] is { } answers ? answers[s.Owner] : 0;
                switch (levels[i])
                {
                    case Level.File:
                        node = FileNode(node, s.Part);
                        break;
                    case Level.Kind:
                        node = tree.Shared(node, "kind", tree.Intern(ContentKinds.NameOf(s.Content)));
                        break;
                    case Level.Section:
                        int section = _sections[s.Part];
                        if (section >= 0) node = tree.Own(node, NodeTag.Section, section, map.Parts[section].Name, PartKinds.NameOf(map.Parts[section].Kind), false, out _);
                        break;
                    case Level.Symbol when answer != 0:
                        node = tree.Own(node, NodeTag.Symbol, answer, map.Owners[answer].Name, "symbol", options.Demangle, out _);
                        break;
                    case Level level when answer != 0:
                        node = tree.Shared(node, Levels.NameOf(level), SharedName(answer));
                        break;
                    case Level.Package when PackageOf(s.Part) is { } identity:
                        node = tree.Shared(node, "package", tree.Intern(identity.Id));
                        break;
                    default:
                        if (last) node = Fallback(node, s);
                        break;
                }
            }
            return node;
        }

        private int SharedName(int owner)
        {
            if (_sharedNames.Length == 0) _sharedNames = new int[file.Map.Owners.Length];
            ref int name = ref _sharedNames[owner];
            if (name == 0) name = tree.Intern(OwnerNames.Of(file.Map, owner, levels)) + 1;
            return name - 1;
        }

        private int FileNode(int node, int part)
        {
            // The artifact that is one file is its own root; otherwise the file, then what containers hold.
            if (artifact.Kind == ArtifactKind.Folder) node = tree.File(node, file.Path, file.Package?.ToString());
            return Container(node, _containers[part]);
        }

        private int Container(int node, int part)
        {
            if (part <= 0) return node;
            Part p = file.Map.Parts[part];
            node = Container(node, _containers[p.Parent]);
            node = tree.Own(node, NodeTag.Container, part, p.Name, PartKinds.NameOf(p.Kind), false, out bool added);
            if (added)
            {
                PackageIdentity? package = p.Kind == PartKind.File ? file.EntryPackages?.GetValueOrDefault(file.Map.Names.Text(p.Name)) : null;
                tree.SetExtra(node, p.UnpackedSize, package?.ToString());
            }
            return node;
        }

        private PackageIdentity? PackageOf(int part)
        {
            if (file.EntryPackages is { } entries)
            {
                for (part = _containers[part]; part > 0; part = _containers[file.Map.Parts[part].Parent])
                {
                    if (file.Map.Parts[part].Kind == PartKind.File && entries.TryGetValue(file.Map.Names.Text(file.Map.Parts[part].Name), out PackageIdentity? found)) return found;
                }
            }
            return file.Package;
        }

        private int Fallback(int node, in Slice s)
        {
            SizeMap map = file.Map;
            int component = s.Owner;
            while (component != 0 && map.Owners[component].Kind != OwnerKind.Component) component = map.Owners[component].Parent;
            if (component != 0) return tree.Shared(node, "component", SharedName(component));
            int section = _sections[s.Part];
            if (section >= 0) return tree.Shared(node, PartKinds.NameOf(map.Parts[section].Kind), tree.Intern($"[{map.Names.Text(map.Parts[section].Name)}]"));
            return levels.Contains(Level.File) ? node : tree.Shared(node, "file", tree.Intern($"[{file.Path}]"));
        }
    }
}
