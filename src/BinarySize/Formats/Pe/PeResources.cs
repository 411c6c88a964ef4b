using System.Globalization;
using System.Text;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Pe;

/// <summary>The resource tree: type, name, language (PE format, "The .rsrc Section").</summary>
internal static class PeResources
{
    private static readonly string?[] s_types =
    [
        null, "cursor", "bitmap", "icon", "menu", "dialog", "string table", "font directory", "font", "accelerators", "raw data",
        "message table", "cursor group", null, "icon group", null, "version", "dialog include", null, "plug and play", "VxD",
        "animated cursor", "animated icon", "HTML", "manifest",
    ];

    public static void Read(in MapScope scope, PeFile pe, ImageLayout layout, PeDirectory directory)
    {
        (long start, long length) = layout.Range(directory.Rva, directory.Size);
        ByteView tree = pe.Bytes.Slice(start, length);
        int root = scope.Claim(start, length, PartKind.Block, ContentKind.Resource, "resources", layout.PartAt(start));
        // Tables that do not overlap cannot have more entries than fit: that bounds cycles and shared branches alike.
        long left = tree.Length / 8;
        foreach ((uint typeId, uint typeTarget) in Entries(tree, 0, ref left))
        {
            string type = typeId < s_types.Length && s_types[typeId] is { } known ? known : NameOf(tree, typeId);
            int typePart = scope.Map.AddPart(root, PartKind.Block, ContentKind.Resource, scope.Names.Intern(type));
            if ((typeTarget & 0x8000_0000) == 0)
            {
                ClaimData(scope, layout, tree, typeTarget, typePart, type);
                continue;
            }
            foreach ((uint nameId, uint nameTarget) in Entries(tree, typeTarget & 0x7FFF_FFFF, ref left))
            {
                string name = NameOf(tree, nameId);
                if ((nameTarget & 0x8000_0000) == 0)
                {
                    ClaimData(scope, layout, tree, nameTarget, typePart, name);
                    continue;
                }
                foreach ((uint language, uint target) in Entries(tree, nameTarget & 0x7FFF_FFFF, ref left))
                {
                    if ((target & 0x8000_0000) != 0) throw new BadFormatException("the resource tree is more than three levels deep");
                    ClaimData(scope, layout, tree, target, typePart, language == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name} ({language & 0x7FFF_FFFF})"));
                }
            }
        }
    }

    private static List<(uint Id, uint Target)> Entries(ByteView tree, uint table, ref long left)
    {
        int count = tree.U16(table + 12L) + tree.U16(table + 14L);
        if (!tree.Contains(table + 16L, count * 8L)) throw new BadFormatException($"a resource table of {count} entries at offset {table} does not fit");
        left -= count;
        if (left < 0) throw new BadFormatException("the tables of the resource tree overlap");
        var entries = new List<(uint, uint)>(count);
        for (long i = 0, at = table + 16L; i < count; i++, at += 8) entries.Add((tree.U32(at), tree.U32(at + 4)));
        return entries;
    }

    private static string NameOf(ByteView tree, uint id)
    {
        if ((id & 0x8000_0000) == 0) return string.Create(CultureInfo.InvariantCulture, $"#{id}");
        long at = id & 0x7FFF_FFFF;
        int length = Math.Min((int)tree.U16(at), 256);
        return Encoding.Unicode.GetString(tree.Span(at + 2, length * 2));
    }

    private static void ClaimData(in MapScope scope, ImageLayout layout, ByteView tree, uint entry, int parent, string name)
    {
        uint rva = tree.U32(entry), size = tree.U32(entry + 4L);
        if (size == 0 || !layout.TryMap(rva, out long offset, out long available)) return;
        scope.Claim(offset, Math.Min(size, available), PartKind.Block, ContentKind.Resource, name, parent);
    }
}
