using BinarySize.Formats.Elf;

namespace BinarySize.Attribution.Go;

/// <summary>Sizes of functions in bytes, by address, as a symbol table has them.</summary>
public sealed class GoSymbolSizes
{
    private readonly ulong[] _addresses;
    private readonly long[] _sizes;
    private int _next;

    private GoSymbolSizes(ulong[] addresses, long[] sizes)
    {
        _addresses = addresses;
        _sizes = sizes;
    }

    /// <summary>The sized functions of a symbol table; null where there are none.</summary>
    public static GoSymbolSizes? Read(in ElfSymbolTable table)
    {
        int count = 0;
        for (int i = 1; i < table.Count; i++) count += IsSized(table[i]) ? 1 : 0;
        if (count == 0) return null;
        var addresses = new ulong[count];
        var sizes = new long[count];
        for (int i = 1, n = 0; i < table.Count; i++)
        {
            ElfSymbol s = table[i];
            if (!IsSized(s)) continue;
            addresses[n] = s.Value;
            sizes[n++] = (long)s.Size;
        }
        Array.Sort(addresses, sizes);
        return new GoSymbolSizes(addresses, sizes);
    }

    private static bool IsSized(in ElfSymbol symbol) =>
        symbol.Type == ElfConstants.SymbolFunction && symbol.IsDefined && symbol.Size is > 0 and <= long.MaxValue;

    /// <summary>The size of the function at an address. Cheap where addresses are asked for in rising order.</summary>
    public bool TryGet(ulong address, out long size)
    {
        if (_next >= _addresses.Length || _addresses[_next] != address)
        {
            int found = Array.BinarySearch(_addresses, address);
            _next = found < 0 ? ~found : found;
        }
        bool exists = _next < _addresses.Length && _addresses[_next] == address;
        size = exists ? _sizes[_next++] : 0;
        return exists;
    }
}
