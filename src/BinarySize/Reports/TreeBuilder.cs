using System.Runtime.InteropServices;
using BinarySize.Artifacts;
using BinarySize.Mapping;

namespace BinarySize.Reports;

/// <summary>How a tree is made.</summary>
public sealed record TreeOptions
{
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
        var root = new ReportNode(artifact.Path, "artifact");
        var nodes = new Dictionary<(ReportNode Parent, string Kind, string Name), ReportNode>();
        foreach (MeasuredFile file in artifact.Files) new FileGrouping(artifact, file, levels(file), options.PaddingApart, root, nodes).Add();
        if (options.Filter is not null) root.Keep(options.Filter);
        root.Seal();
        return root;
    }

    private sealed class FileGrouping(
        MeasuredArtifact artifact, MeasuredFile file, IReadOnlyList<Level> levels, bool paddingApart, ReportNode root,
        Dictionary<(ReportNode Parent, string Kind, string Name), ReportNode> shared)
    {
        // Nodes of this file alone are found by the ids of its map; only what can recur in another file is found by name.
        private readonly Dictionary<(ReportNode Parent, int Tag, int Id), ReportNode> _own = [];

        public void Add()
        {
            SizeMap map = file.Map;
            if (map.Size == 0)
            {
                if (levels.Contains(Level.File)) Deepest(new Slice(0, 0, 0, ContentKind.Other, Basis.Exact));
                return;
            }
            // Few distinct places, many slices: each place is looked up once.
            var places = new Dictionary<(int Part, int Owner, ContentKind Content), ReportNode>();
            ReadOnlySpan<Slice> slices = map.Slices;
            for (int i = 0; i < slices.Length; i++)
            {
                Slice s = slices[i];
                ref ReportNode? node = ref CollectionsMarshal.GetValueRefOrAddDefault(places, (s.Part, s.Owner, s.Content), out _);
                node ??= paddingApart && (s.Content == ContentKind.Padding || map.Parts[s.Part].Kind == PartKind.Padding)
                    ? Shared(root, PartKinds.NameOf(PartKind.Padding), PaddingName)
                    : Deepest(s);
                node.Direct += map.LengthOf(i);
                if (s.Basis > node.Basis) node.Basis = s.Basis;
            }
        }

        private ReportNode Deepest(Slice s)
        {
            SizeMap map = file.Map;
            ReportNode node = root;
            for (int i = 0; i < levels.Count; i++)
            {
                bool last = i == levels.Count - 1;
                switch (levels[i])
                {
                    case Level.File:
                        node = FileNode(node, s.Part);
                        break;
                    case Level.Kind:
                        node = Shared(node, "kind", ContentKinds.NameOf(s.Content));
                        break;
                    case Level.Section:
                        int section = SectionOf(s.Part);
                        if (section >= 0) node = Own(node, 1, section, map.Parts[section].Name, PartKinds.NameOf(map.Parts[section].Kind), -1);
                        break;
                    case Level.Symbol:
                        int symbol = OwnerOf(s.Owner, OwnerKind.Symbol);
                        if (symbol == 0) symbol = OwnerOf(s.Owner, OwnerKind.Member);
                        if (symbol != 0) node = Own(node, 2, symbol, map.Owners[symbol].Name, "symbol", -1);
                        else if (last) node = Fallback(node, s);
                        break;
                    case Level.Package:
                        int package = OwnerOf(s.Owner, OwnerKind.Package);
                        if (package != 0) node = Shared(node, "package", map.Names.Text(map.Owners[package].Name));
                        else if (PackageOf(s.Part) is { } identity) node = Shared(node, "package", identity.Id);
                        else if (last) node = Fallback(node, s);
                        break;
                    case Level level:
                        OwnerKind kind = level switch
                        {
                            Level.Assembly => OwnerKind.Assembly,
                            Level.Namespace => OwnerKind.Namespace,
                            Level.Type => OwnerKind.Type,
                            _ => OwnerKind.Member,
                        };
                        int owner = OwnerOf(s.Owner, kind);
                        if (owner != 0) node = Shared(node, Levels.NameOf(level), map.Names.Text(map.Owners[owner].Name));
                        else if (last) node = Fallback(node, s);
                        break;
                }
            }
            return node;
        }

        private ReportNode FileNode(ReportNode node, int part)
        {
            // The artifact that is one file is its own root; otherwise the file, then what containers hold.
            if (artifact.Kind == ArtifactKind.Folder)
            {
                node = Own(node, 3, 0, -1, "file", -1);
                node.Package = file.Package?.ToString();
            }
            return Container(node, part);
        }

        private ReportNode Container(ReportNode node, int part)
        {
            ReadOnlySpan<Part> parts = file.Map.Parts;
            if (part <= 0) return node;
            node = Container(node, parts[part].Parent);
            Part p = parts[part];
            if (p.Kind is not (PartKind.File or PartKind.Folder or PartKind.Layer or PartKind.Slice)) return node;
            node = Own(node, 0, part, p.Name, PartKinds.NameOf(p.Kind), p.UnpackedSize);
            if (p.Kind == PartKind.File && file.EntryPackages is { } entries) node.Package = entries.GetValueOrDefault(node.Name)?.ToString();
            return node;
        }

        private PackageIdentity? PackageOf(int part)
        {
            if (file.EntryPackages is { } entries)
            {
                for (; part > 0; part = file.Map.Parts[part].Parent)
                {
                    if (file.Map.Parts[part].Kind == PartKind.File && entries.TryGetValue(file.Map.Names.Text(file.Map.Parts[part].Name), out PackageIdentity? found)) return found;
                }
            }
            return file.Package;
        }

        // The innermost section, or the outermost format part below the file.
        private int SectionOf(int part)
        {
            ReadOnlySpan<Part> parts = file.Map.Parts;
            int found = -1;
            for (; part > 0 && parts[part].Kind is not (PartKind.File or PartKind.Folder or PartKind.Layer or PartKind.Slice); part = parts[part].Parent)
            {
                if (parts[part].Kind == PartKind.Section) return part;
                found = part;
            }
            return found;
        }

        private int OwnerOf(int owner, OwnerKind kind)
        {
            ReadOnlySpan<Owner> owners = file.Map.Owners;
            while (owner != 0 && owners[owner].Kind != kind) owner = owners[owner].Parent;
            return owner;
        }

        private ReportNode Fallback(ReportNode node, Slice s)
        {
            SizeMap map = file.Map;
            int component = OwnerOf(s.Owner, OwnerKind.Component);
            if (component != 0) return Shared(node, "component", map.Names.Text(map.Owners[component].Name));
            int section = SectionOf(s.Part);
            if (section >= 0) return Shared(node, PartKinds.NameOf(map.Parts[section].Kind), $"[{map.Names.Text(map.Parts[section].Name)}]");
            return levels.Contains(Level.File) ? node : Shared(node, "file", $"[{file.Path}]");
        }

        private ReportNode Own(ReportNode parent, int tag, int id, int name, string kind, long unpacked)
        {
            ref ReportNode? node = ref CollectionsMarshal.GetValueRefOrAddDefault(_own, (parent, tag, id), out _);
            if (node is null)
            {
                node = name < 0 ? new ReportNode(file.Path, kind) : new ReportNode(file.Map.Names, name, kind);
                node.UnpackedSize = unpacked;
                parent.AddChild(node);
            }
            return node;
        }

        private ReportNode Shared(ReportNode parent, string kind, string name)
        {
            ref ReportNode? node = ref CollectionsMarshal.GetValueRefOrAddDefault(shared, (parent, kind, name), out _);
            if (node is null)
            {
                node = new ReportNode(name, kind);
                parent.AddChild(node);
            }
            return node;
        }
    }
}
