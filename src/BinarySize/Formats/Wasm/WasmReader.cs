using System.Globalization;
using BinarySize.Attribution.Go;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Wasm;

/// <summary>
/// Maps a WebAssembly core module: preamble and section headers, sections by name, data segments as blocks, functions
/// (their code, exports and names) as symbols. Functions are named by the name section, in object files by the linking
/// section, else by their export, else <c>func[N]</c> with N the function index.
/// </summary>
public static class WasmReader
{
    // Go splits its data at every run of zeros and so has tens of thousands of anonymous segments: a part each says nothing.
    private const int MaxAnonymousBlocks = 256;

    /// <summary>Maps the file at <paramref name="scope"/>.</summary>
    public static void Read(in MapScope scope)
    {
        ByteView bytes = scope.Bytes;
        if (!WasmModule.IsCoreModule(bytes))
        {
            string version = bytes.Length >= 8 ? bytes.U32(4).ToString("x8", CultureInfo.InvariantCulture) : "missing";
            scope.Warn(MapWarningCodes.Unknown, $"WebAssembly version {version} is not a core module; it is measured as a whole");
            return;
        }
        scope.Claim(0, WasmModule.PreambleSize, PartKind.Header, ContentKind.Format, "preamble");
        WasmModule module = WasmModule.Parse(bytes);
        foreach (string problem in module.Problems) scope.Warn(MapWarningCodes.Damaged, $"damaged Wasm file: {problem}");
        if (module.BreaksAt >= 0) scope.Map.MarkUnreadable(scope.Part, $"sections from offset {module.BreaksAt} on");

        int headers = -1, dataSection = -1;
        foreach (WasmModule.Section section in module.Sections)
        {
            long headerLength = section.Start - section.HeaderStart;
            if (headers < 0) headers = scope.Claim(section.HeaderStart, headerLength, PartKind.Header, ContentKind.Format, "section headers");
            else scope.Extend(section.HeaderStart, headerLength, headers);
            int part = scope.Claim(section.Start, section.Length, PartKind.Section, ContentOf(section), section.Name);
            if (section.Id == 11) dataSection = part;
        }
        if (scope.WithOwners) OwnFunctions(scope, module);
        if (dataSection < 0) return;
        ClaimData(scope, module, dataSection);
        // Go's linker calls its build id so even in a stripped module.
        if (!scope.WithOwners || !module.Sections.Any(s => s.Name == "go.buildid" || s.Name == "go:buildid")) return;
        if (GoImage.From(module, out FileView? memory) is { } image) GoAttribution.TryApply(scope, image);
        memory?.Dispose();
    }

    private static ContentKind ContentOf(WasmModule.Section section) => section.Id switch
    {
        0 when section.Name is "name" or "linking" => ContentKind.Symbols,
        0 when section.Name.StartsWith("reloc.", StringComparison.Ordinal) => ContentKind.Relocations,
        0 when section.Name.StartsWith(".debug_", StringComparison.Ordinal) || section.Name is "sourceMappingURL" or "external_debug_info" => ContentKind.Debug,
        0 => ContentKind.Metadata,
        10 => ContentKind.Code,
        9 or 11 => ContentKind.Data,
        _ => ContentKind.Format,
    };

    private static void OwnFunctions(in MapScope scope, WasmModule module)
    {
        uint imported = module.ImportedFunctions;
        var names = new int[module.Functions.Count];
        void Name(IReadOnlyList<WasmModule.NameEntry> entries, in MapScope to)
        {
            foreach (WasmModule.NameEntry entry in entries)
            {
                uint at = entry.Index - imported;
                if (entry.Index >= imported && at < (uint)names.Length && names[at] == 0)
                {
                    names[at] = to.Names.AddMapped(module.Bytes.Slice(entry.NameStart, entry.NameLength));
                }
            }
        }
        Name(module.FunctionNames, scope);
        Name(module.Exports, scope);

        var owners = new int[names.Length];
        for (int i = 0; i < owners.Length; i++)
        {
            WasmModule.Function function = module.Functions[i];
            if (names[i] == 0) names[i] = scope.Names.Intern($"func[{imported + (uint)i}]");
            owners[i] = scope.Map.AddOwner(scope.OwnerRoot, OwnerKind.Symbol, names[i]);
            scope.Own(function.Start, function.End - function.Start, owners[i], ContentKind.Code);
        }

        // Names and exports cost their function.
        void Charge(uint index, long start, long length, ContentKind content, in MapScope to)
        {
            uint at = index - imported;
            if (index >= imported && at < (uint)owners.Length) to.Own(start, length, owners[at], content);
        }
        foreach (WasmModule.NameEntry e in module.Exports) Charge(e.Index, e.EntryStart, e.EntryEnd - e.EntryStart, ContentKind.Format, scope);
        foreach (WasmModule.NameEntry e in module.FunctionNames) Charge(e.Index, e.EntryStart, e.EntryEnd - e.EntryStart, ContentKind.Symbols, scope);
        MapScope local = scope;
        try
        {
            module.VisitLocalNames((index, start, length) => Charge(index, start, length, ContentKind.Symbols, local));
        }
        catch (BadFormatException e)
        {
            scope.Warn(MapWarningCodes.Damaged, $"damaged Wasm file: local names: {e.Message}");
        }

    }

    private static void ClaimData(in MapScope scope, WasmModule module, int section)
    {
        var names = new int[module.Data.Count];
        foreach (WasmModule.NameEntry e in module.SegmentNames)
        {
            if (e.Index < (uint)names.Length) names[e.Index] = scope.Names.AddMapped(module.Bytes.Slice(e.NameStart, e.NameLength));
        }
        bool nameAll = names.Length <= MaxAnonymousBlocks;
        int headers = -1;
        for (int i = 0; i < names.Length; i++)
        {
            WasmModule.DataSegment segment = module.Data[i];
            if (headers < 0) headers = scope.Claim(segment.HeaderStart, segment.Start - segment.HeaderStart, PartKind.Header, ContentKind.Format, "data segment headers", section);
            else scope.Extend(segment.HeaderStart, segment.Start - segment.HeaderStart, headers);
            if (names[i] == 0 && !nameAll) continue;
            if (names[i] == 0) names[i] = scope.Names.Intern($"data[{i}]");
            // .NET wraps its assemblies in modules whose second segment is a Webcil file.
            if (module.Bytes.Matches(segment.Start, "WbIL"u8))
            {
                int file = scope.Claim(segment.Start, segment.Length, PartKind.File, ContentKind.Other, names[i], section);
                FormatReader.Read(scope.Inner(segment.Start, segment.Length, file));
            }
            else scope.Claim(segment.Start, segment.Length, PartKind.Block, IsReadOnly(scope.Names.Bytes(names[i])) ? ContentKind.ReadOnlyData : ContentKind.Data, names[i], section);
        }

        if (!scope.WithOwners) return;
        foreach (WasmModule.DataSymbol symbol in module.DataSymbols)
        {
            int owner = scope.Map.AddOwner(scope.OwnerRoot, OwnerKind.Symbol, scope.Names.AddMapped(module.Bytes.Slice(symbol.NameStart, symbol.NameLength)));
            scope.Own(symbol.EntryStart, symbol.EntryEnd - symbol.EntryStart, owner, ContentKind.Symbols);
            if (symbol.Segment >= (uint)names.Length) continue;
            WasmModule.DataSegment segment = module.Data[(int)symbol.Segment];
            if (symbol.Offset >= (ulong)segment.Length) continue;
            long length = (long)Math.Min(symbol.Size, (ulong)segment.Length - symbol.Offset);
            ContentKind content = IsReadOnly(scope.Names.Bytes(names[symbol.Segment])) ? ContentKind.ReadOnlyData : ContentKind.Data;
            scope.Own(segment.Start + (long)symbol.Offset, length, owner, content);
        }
    }

    private static bool IsReadOnly(ReadOnlySpan<byte> segment) => segment.StartsWith(".rodata"u8);
}
