using System.Text;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Attribution.Go;

/// <summary>
/// Finds who owns a Go program's bytes by the tables that the program itself carries, stripped or not: each function's
/// code, name, record and line tables belong to its module (package), import path (namespace), type and function.
/// </summary>
public static class GoAttribution
{
    /// <summary>The package that the standard library's packages stand below.</summary>
    public const string StandardLibrary = "Go standard library";

    // Above symbols (1): Go's own table knows every function's package.
    private const byte Rank = 2;

    /// <summary>
    /// Gives a Go program's bytes to their owners. False, and nothing is claimed, where the image is no Go program.
    /// What is damaged ends with a warning, and what was claimed until then stays.
    /// </summary>
    public static bool TryApply(in MapScope scope, GoImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        try
        {
            // Looking for the function table in every program would cost time: where sections are named as Go names them, it
            // has one of its own; elsewhere there is build information.
            bool named = false;
            foreach (GoImage.Area area in image.Areas) named |= area.Name is ".gopclntab" or ".data.rel.ro.gopclntab" or "__gopclntab";
            // Linkers other than Go's merge the function table into its neighbours and keep the build information apart.
            bool told = named;
            foreach (GoImage.Area area in image.Areas) told |= area.Name is ".go.buildinfo" or "__go_buildinfo";
            if (!told && image.NamesTables) return false;
            GoBuildInfo? info = GoBuildInfo.Find(image);
            // Wasm modules have none, and are asked about only where they have a Go build id.
            if (!named && info is null && image.IsInFile) return false;
            if (GoFunctionTable.Find(image) is not { } table) return false;
            if (!named && image.IsInFile && info is { Length: > 0 } && scope.WithOwners)
            {
                scope.Claim(info.Offset, info.Length, PartKind.Block, ContentKind.Metadata, "Go build information", PartAt(image, info.Offset));
            }
            Apply(scope, image, table, info);
            return true;
        }
        catch (BadFormatException e)
        {
            scope.Warn(MapWarningCodes.Attribution, $"the Go function table is damaged: {e.Message}");
            return true;
        }
    }

    private static int PartAt(GoImage image, long offset)
    {
        foreach (GoImage.Area area in image.Areas)
        {
            if (offset >= area.Offset && offset - area.Offset < area.Length) return area.Part;
        }
        return -1;
    }

    private static void Apply(in MapScope scope, GoImage image, GoFunctionTable table, GoBuildInfo? info)
    {
        if (image.IsInFile) ClaimTables(scope, table);
        var owners = new Owners(scope, info);
        var lines = image.IsInFile && table.LinesStart > 0 ? new List<(uint Offset, int Owner)>(Math.Min(table.Count, 1 << 20) * 6) : null;
        var ends = new Ends(scope, image);
        var names = new NameBudget(table.UnitsStart > table.NamesStart ? table.UnitsStart - table.NamesStart : table.Bytes.Length);
        Span<uint> buffer = stackalloc uint[64];
        int hint = 0;
        ulong entry = table.EntryOf(0);
        for (int i = 0; i < table.Count; i++)
        {
            ulong start = entry;
            entry = table.EntryOf(i + 1);
            if (entry < start) throw new BadFormatException($"function {i} of {table.Count} ends before it starts");
            long record = table.RecordOf(i), nameAt = table.NameOf(record);
            ByteView name = names.Read(table.Bytes, nameAt);
            int owner = owners.Of(name, image.IsInFile);
            if (image.TryGetCode(start, entry, ref hint, out long offset, out long length))
            {
                (long size, Basis basis) = image.IsInFile ? ends.SizeOf(start, offset, length) : (length, Basis.Exact);
                scope.Own(offset, size, owner, ContentKind.Code, basis, Rank);
            }
            if (!image.IsInFile) continue;

            // What the table has on the function's account.
            scope.Own(table.Offset + nameAt, name.Length + 1, owner, ContentKind.Symbols, Basis.Exact, Rank);
            scope.Own(table.Offset + table.ListStart + (long)i * table.EntrySize, table.EntrySize, owner, ContentKind.Unwind, Basis.Exact, Rank);
            scope.Own(table.Offset + record, table.RecordSize(record), owner, ContentKind.Unwind, Basis.Exact, Rank);
            if (lines is null) continue;
            foreach (uint at in table.LineTables(record, buffer))
            {
                if (at != 0) lines.Add((at, owner));
            }
        }
        if (lines is not null) OwnLines(scope, table, lines);
    }

    // The table has where functions start. A function ends where its symbol says; where there are no symbols, before the
    // bytes that the linker fills up with.
    private sealed class Ends(MapScope scope, GoImage image)
    {
        private readonly GoSymbolSizes? _sizes = image.ReadSymbolSizes();
        private readonly Dictionary<int, int> _padding = [];
        private int _area;

        /// <summary>Bytes of the function at <paramref name="offset"/>, whose next neighbour stands <paramref name="length"/> bytes after it.</summary>
        public (long Size, Basis Basis) SizeOf(ulong address, long offset, long length)
        {
            if (image.SymbolsReachTheNext) return (length, Basis.Exact);
            ByteView bytes = image.Bytes.Slice(offset, length);
            bool told = false;
            long size = length;
            if (_sizes is not null && _sizes.TryGet(address, out long stated))
            {
                told = true;
                size = Math.Min(size, stated);
                if (!bytes.IsFilledWith(size, length - size, image.Fill ?? 0)) return (size, Basis.Exact);
            }
            else if (_sizes is null && image.Fill is { } fill)
            {
                while (size > 1 && bytes.U8(size - 1) == fill) size--;
            }
            if (size == length) return (length, Basis.Exact);
            int part = PartOfPadding(offset);
            if (part >= 0) scope.Extend(offset + size, length - size, part);
            return (size, told ? Basis.Exact : Basis.Derived);
        }

        // One part a section; none where a segment stands in for sections.
        private int PartOfPadding(long offset)
        {
            for (int i = 0; i < image.Areas.Count; i++)
            {
                // Neighbours lie in one section.
                GoImage.Area area = image.Areas[_area];
                if (offset >= area.Offset && offset - area.Offset < area.Length)
                {
                    if (area.Part < 0) return -1;
                    if (!_padding.TryGetValue(area.Part, out int part))
                    {
                        _padding[area.Part] = part = scope.Map.AddPart(area.Part, PartKind.Padding, ContentKind.Padding, scope.Names.Intern("padding between functions"));
                    }
                    return part;
                }
                _area = (_area + 1) % image.Areas.Count;
            }
            return -1;
        }
    }

    // Line tables end where the next one starts. Equal ones are stored once: the function that names one first has it.
    private static void OwnLines(in MapScope scope, GoFunctionTable table, List<(uint Offset, int Owner)> lines)
    {
        var keys = new long[lines.Count];
        var owners = new int[lines.Count];
        for (int i = 0; i < keys.Length; i++)
        {
            // The order of functions decides among equals.
            keys[i] = (long)lines[i].Offset << 32 | (uint)i;
            owners[i] = lines[i].Owner;
        }
        Array.Sort(keys);
        long end = table.ListStart - table.LinesStart;
        for (int i = 0; i < keys.Length;)
        {
            long from = keys[i] >>> 32;
            int owner = owners[(int)(uint)keys[i]];
            int next = i + 1;
            // Neighbours of one owner are one claim.
            while (next < keys.Length && (keys[next] >>> 32 == keys[next - 1] >>> 32 || owners[(int)(uint)keys[next]] == owner)) next++;
            long to = next < keys.Length ? keys[next] >>> 32 : end;
            if (to > from && from < end) scope.Own(table.Offset + table.LinesStart + from, Math.Min(to, end) - from, owner, ContentKind.Unwind, Basis.Exact, Rank);
            i = next;
        }
    }

    private static void ClaimTables(in MapScope scope, GoFunctionTable table)
    {
        scope.Claim(table.Offset, table.HeaderSize, PartKind.Header, ContentKind.Unwind, "Go function table header", table.Area.Part);
        if (table.NamesStart == 0) return;
        Span<(long Start, string Name)> parts =
        [
            (table.NamesStart, "Go function names"), (table.UnitsStart, "Go compilation units"), (table.FilesStart, "Go file names"),
            (table.LinesStart, "Go line tables"), (table.ListStart, "Go function records"), (RecordsEnd(table), ""),
        ];
        for (int i = 0; i + 1 < parts.Length; i++)
        {
            long length = parts[i + 1].Start - parts[i].Start;
            if (length > 0) scope.Claim(table.Offset + parts[i].Start, length, PartKind.Block, i == 0 ? ContentKind.Symbols : ContentKind.Unwind, parts[i].Name, table.Area.Part);
        }
    }

    private static long RecordsEnd(GoFunctionTable table)
    {
        long record = table.RecordOf(table.Count - 1);
        return Math.Min(table.Bytes.Length, record + table.RecordSize(record));
    }

    // Owner chains. Functions of a package stand together, and so do those of a type: mostly the last answer is the next one.
    private sealed class Owners
    {
        private readonly MapScope _scope;
        private readonly GoBuildInfo? _info;
        private readonly Dictionary<string, int> _packages = [];
        private readonly List<GoBuildInfo.Module> _modules = [];

        public Owners(in MapScope scope, GoBuildInfo? info)
        {
            _scope = scope;
            _info = info;
            if (info is null) return;
            if (!string.IsNullOrEmpty(info.Main.Path)) _modules.Add(info.Main);
            _modules.AddRange(info.Dependencies);
            // The longest path that fits wins.
            _modules.Sort((a, b) => b.Path.Length.CompareTo(a.Path.Length));
        }

        public int Of(ByteView name, bool inFile)
        {
            // Longer names are instantiations whose arguments are cut off anyway.
            GoName parts = GoName.Parse(Encoding.UTF8.GetString(name.Span(0, (int)Math.Min(name.Length, 2048))));
            if (!_packages.TryGetValue(parts.Package, out int package))
            {
                int module = _scope.Map.InternOwner(_scope.OwnerRoot, OwnerKind.Package, ModuleOf(parts.Package));
                _packages[parts.Package] = package = _scope.Map.InternOwner(module, OwnerKind.Namespace, parts.Package);
            }
            int type = parts.Type.Length > 0 ? _scope.Map.InternOwner(package, OwnerKind.Type, parts.Type) : package;
            int member = _scope.Map.InternOwner(type, OwnerKind.Member, parts.Member);
            return _scope.Map.AddOwner(member, OwnerKind.Symbol, inFile ? _scope.Names.AddMapped(name) : _scope.Names.Add(name.Span()));
        }

        private string ModuleOf(string package)
        {
            if (package == "main")
            {
                string main = _info?.Main.Path ?? "";
                if (main.Length == 0) main = _info?.MainPackage ?? "";
                return main.Length > 0 ? main : "main";
            }
            foreach (GoBuildInfo.Module module in _modules)
            {
                if (package.StartsWith(module.Path, StringComparison.Ordinal) && (package.Length == module.Path.Length || package[module.Path.Length] == '/')) return module.Path;
            }
            // Paths of the standard library start without a domain; what it vendors is its own.
            int slash = package.IndexOf('/', StringComparison.Ordinal);
            ReadOnlySpan<char> first = slash < 0 ? package : package.AsSpan(0, slash);
            if (first is "vendor" || !first.Contains('.')) return StandardLibrary;
            // Without build information: host, user and project, as the usual hosts have it.
            int parts = first is "github.com" or "gitlab.com" or "bitbucket.org" || package.StartsWith("golang.org/x/", StringComparison.Ordinal) ? 3 : 2;
            int end = -1;
            for (; parts > 0; parts--)
            {
                int next = package.IndexOf('/', end + 1);
                if (next < 0) return package;
                end = next;
            }
            return package[..end];
        }
    }
}
