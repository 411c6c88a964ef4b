using BinarySize.Formats.Managed;
using BinarySize.Formats.Pe;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Wasm;

/// <summary>
/// Maps Webcil payloads, .NET's form of managed assemblies for WebAssembly (dotnet/runtime, docs/design/mono/webcil.md): a
/// header, section headers without names, and the sections as a PE image has them. Version 1 adds a field to the header.
/// </summary>
public static class WebcilReader
{
    /// <summary>Maps the payload at <paramref name="scope"/>. Throws <see cref="BadFormatException"/> where its headers are damaged.</summary>
    public static void Read(in MapScope scope)
    {
        ByteView bytes = scope.Bytes;
        int major = bytes.U16(4), sectionCount = bytes.U16(8);
        if (!bytes.Matches(0, "WbIL"u8) || major > 1) throw new BadFormatException($"Webcil of version {major} is not known");
        long table = major == 0 ? 28 : 32;
        if (!bytes.Contains(table, sectionCount * 16L)) throw new BadFormatException($"a section table of {sectionCount} entries does not fit");
        scope.Claim(0, table, PartKind.Header, ContentKind.Format, "Webcil header");
        scope.Claim(table, sectionCount * 16L, PartKind.Header, ContentKind.Format, "section table");
        uint cli = bytes.U32(12), debug = bytes.U32(20), debugSize = bytes.U32(24);
        var sections = new List<ImageSection>();
        for (int i = 0; i < sectionCount; i++)
        {
            long at = table + i * 16L;
            uint virtualSize = bytes.U32(at), address = bytes.U32(at + 4), size = bytes.U32(at + 8), offset = bytes.U32(at + 12);
            if (size == 0 || offset >= bytes.Length) continue;
            // They have no names; what leads into them says what they are.
            string name = cli >= address && cli - address < size ? "managed code and metadata" : major == 1 && bytes.U16(10) == i + 1 ? "base relocations" : $"section {i + 1}";
            long inFile = Math.Min(size, bytes.Length - offset);
            int part = scope.Claim(offset, inFile, PartKind.Section, ContentKind.ReadOnlyData, name);
            long used = Math.Min(virtualSize, inFile);
            if (used > 0 && used < inFile && i < 96 && bytes.IsFilledWith(offset + used, inFile - used, 0))
            {
                scope.Claim(offset + used, inFile - used, PartKind.Padding, ContentKind.Padding, "padding", part);
            }
            sections.Add(new ImageSection(address, offset, size, part));
        }
        var layout = new ImageLayout(bytes, sections, scope.Part);
        if (debug != 0 && layout.TryMap(debug, out long start, out long available))
        {
            scope.Claim(start, Math.Min(debugSize, available), PartKind.Block, ContentKind.Debug, "debug directory", layout.PartAt(start));
            DebugDirectory.Read(scope, layout, start, Math.Min(debugSize, available));
        }
        if (cli != 0) ManagedReader.Read(scope, layout, cli, 0);
    }
}
