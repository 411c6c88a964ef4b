using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Pe;

/// <summary>The export directory: names for some of an image's functions and data (PE format, "The .edata Section").</summary>
internal sealed class PeExports
{
    private readonly record struct Entry(long Target, long Address, long NamePointer, long Ordinal, long Name, int NameLength, int Owner);

    private readonly List<Entry> _entries = [];

    /// <summary>RVA of the export RTR_HEADER; 0 where there is none.</summary>
    public uint ReadyToRunHeader { get; private set; }

    /// <summary>Reads the names and adds them to <paramref name="symbols"/>.</summary>
    public static PeExports Read(in MapScope scope, PeFile pe, ImageLayout layout, PeDirectory directory, PeSymbols symbols)
    {
        var exports = new PeExports();
        ByteView bytes = pe.Bytes;
        (long at, long length) = layout.Range(directory.Rva, directory.Size);
        long names = bytes.U32(at + 24), functions = bytes.U32(at + 20);
        if (names == 0) return exports;
        (long addressTable, long addressBytes) = layout.Range(bytes.U32(at + 28), uint.MaxValue);
        (long nameTable, long nameBytes) = layout.Range(bytes.U32(at + 32), uint.MaxValue);
        (long ordinalTable, long ordinalBytes) = layout.Range(bytes.U32(at + 36), uint.MaxValue);
        if (names > nameBytes / 4 || names > ordinalBytes / 2) throw new BadFormatException($"a table of {names} names does not fit");
        functions = Math.Min(functions, addressBytes / 4);
        long budget = bytes.Length * 4;
        for (long i = 0; i < names; i++)
        {
            if (!layout.TryMap(bytes.U32(nameTable + i * 4), out long name, out long available)) continue;
            int nameLength = bytes.Slice(name, available).CString(0).Length;
            budget -= nameLength;
            if (budget < 0) throw new BadFormatException("its names overlap");
            int ordinal = bytes.U16(ordinalTable + i * 2);
            if (ordinal >= functions) continue;
            long address = addressTable + ordinal * 4L;
            uint rva = bytes.U32(address);
            if (nameLength == 10 && bytes.Matches(name, "RTR_HEADER"u8)) exports.ReadyToRunHeader = rva;
            int nameId = scope.Names.AddMapped(bytes.Slice(name, nameLength));
            if (!layout.TryMap(rva, out long target, out long limit))
            {
                // Data that takes no bytes in the file still has its place in the table.
                exports._entries.Add(new Entry(-1, address, nameTable + i * 4, ordinalTable + i * 2, name, nameLength + 1, scope.Map.AddOwner(scope.OwnerRoot, OwnerKind.Symbol, nameId)));
                continue;
            }
            // An address inside the directory is no code but the name of an export of another library.
            bool forwarder = target >= at && target < at + length;
            int owner = forwarder
                ? scope.Map.AddOwner(scope.OwnerRoot, OwnerKind.Symbol, nameId)
                : symbols.Add(target, -1, target + limit, nameId, PeSymbolKind.Export);
            exports._entries.Add(new Entry(forwarder ? -1 : target, address, nameTable + i * 4, ordinalTable + i * 2, name, nameLength + 1, owner));
            if (forwarder)
            {
                int forwardLength = bytes.Slice(target, limit).CString(0).Length;
                budget -= forwardLength;
                if (budget < 0) throw new BadFormatException("its forwarders overlap");
                scope.Own(target, forwardLength + 1, owner, ContentKind.Symbols);
            }
        }
        return exports;
    }

    /// <summary>Charges the table entries and the name of each export to its symbol: the one from a better source where there is one.</summary>
    public void Own(in MapScope scope, PeSymbols symbols)
    {
        foreach (Entry e in _entries)
        {
            Charge(scope, symbols, e, e.Address, 4);
            Charge(scope, symbols, e, e.NamePointer, 4);
            Charge(scope, symbols, e, e.Ordinal, 2);
            Charge(scope, symbols, e, e.Name, e.NameLength);
        }
    }

    private static void Charge(in MapScope scope, PeSymbols symbols, Entry e, long start, long length)
    {
        if (!symbols.TryOwnAt(e.Target, start, length, ContentKind.Symbols)) scope.Own(start, length, e.Owner, ContentKind.Symbols);
    }
}
