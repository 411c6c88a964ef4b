using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Pe;

/// <summary>How much the end of a symbol is known. Of symbols at one address the kinds are preferred in this order.</summary>
internal enum PeSymbolKind : byte
{
    /// <summary>Public symbol of a PDB: all linker symbols, decorated names.</summary>
    Public,

    /// <summary>Symbol of the COFF symbol table.</summary>
    Coff,

    /// <summary>Procedure or data of a module in a PDB: undecorated names, procedures with their size.</summary>
    Module,

    /// <summary>Exported name: only a few of all symbols, so the next one does not bound it.</summary>
    Export,
}

/// <summary>
/// Native symbols of an image from all sources, by file offset. Sizes that no source states are derived from the
/// neighbour, from function bounds (.pdata), and from the linker's contributions where the PDB has them.
/// </summary>
internal sealed class PeSymbols
{
    // Beyond so many names for the same bytes they are one function's aliases in name only.
    private const int MaxAliases = 8;

    private struct Symbol
    {
        public long Start;
        public long Size;
        public long Limit;
        public int Owner;
        public PeSymbolKind Kind;
        public int Order;
    }

    /// <summary>A run of bytes and the symbols that share it.</summary>
    private readonly record struct Range(long Start, long End, int First, int Count, bool Exact);

    private readonly List<Symbol> _symbols = [];
    private readonly MapScope _scope;
    private readonly Dictionary<long, long> _functionEnds = [];
    private long[] _functionStarts = [];
    private Symbol[] _sorted = [];
    private readonly List<Range> _ranges = [];
    private int[] _aliases = [];
    private int _unnamed;

    public PeSymbols(in MapScope scope) => _scope = scope;

    public int Count => _symbols.Count;

    /// <summary>The owner of functions that have bounds but no name.</summary>
    public int Unnamed => _unnamed != 0 ? _unnamed : _unnamed = _scope.Map.InternOwner(_scope.OwnerRoot, OwnerKind.Symbol, "(functions without a name)");

    /// <summary>Adds a symbol and returns its owner.</summary>
    /// <param name="start">Offset in the file.</param>
    /// <param name="size">Bytes; -1 where its source does not say.</param>
    /// <param name="limit">Offset that it cannot reach past.</param>
    /// <param name="name">Id in the map's names.</param>
    public int Add(long start, long size, long limit, int name, PeSymbolKind kind)
    {
        int owner = _scope.Map.AddOwner(_scope.OwnerRoot, OwnerKind.Symbol, name);
        _symbols.Add(new Symbol { Start = start, Size = size, Limit = limit, Owner = owner, Kind = kind, Order = _symbols.Count });
        return owner;
    }

    /// <summary>Notes the bounds of a function.</summary>
    public void AddFunction(long start, long end) => _functionEnds.TryAdd(start, end);

    /// <summary>Works out sizes and claims code and data; afterwards <see cref="OwnAt"/> answers.</summary>
    public void Resolve(Func<long, ContentKind> contentAt)
    {
        _sorted = [.. _symbols];
        Array.Sort(_sorted, static (a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.Kind != b.Kind ? a.Kind.CompareTo(b.Kind) : a.Order.CompareTo(b.Order));
        _functionStarts = [.. _functionEnds.Keys];
        Array.Sort(_functionStarts);
        _aliases = new int[_sorted.Length];
        int function = 0, aliases = 0;
        long position = 0;
        for (int i = 0; i < _sorted.Length;)
        {
            int next = i + 1;
            long start = _sorted[i].Start, size = _sorted[i].Size, limit = _sorted[i].Limit;
            PeSymbolKind kind = _sorted[i].Kind;
            while (next < _sorted.Length && _sorted[next].Start == start)
            {
                size = Math.Max(size, _sorted[next].Size);
                limit = Math.Min(limit, _sorted[next].Limit);
                next++;
            }
            // Of several names only those of the best source share the bytes.
            int first = aliases;
            for (int j = i; j < next && _sorted[j].Kind == kind && aliases - first < MaxAliases; j++) _aliases[aliases++] = _sorted[j].Owner;

            while (function < _functionStarts.Length && _functionStarts[function] <= start) function++;
            long nextFunction = function < _functionStarts.Length ? _functionStarts[function] : long.MaxValue;
            long nextSymbol = long.MaxValue;
            for (int j = next; j < _sorted.Length; j++)
            {
                // An exported name inside a symbol does not end it.
                if (kind != PeSymbolKind.Export && _sorted[j].Kind == PeSymbolKind.Export) continue;
                nextSymbol = _sorted[j].Start;
                break;
            }
            long end;
            bool exact = true;
            if (size > 0) end = start + size;
            else if (_functionEnds.TryGetValue(start, out long functionEnd)) end = functionEnd;
            else if (kind == PeSymbolKind.Export)
            {
                // A leaf function has no unwind data. It ends at the next function, and is short.
                end = contentAt(start) == ContentKind.Code && nextFunction != long.MaxValue && nextFunction - start <= 512 ? Math.Min(nextFunction, nextSymbol) : start;
                exact = false;
            }
            else
            {
                end = Math.Min(nextSymbol, nextFunction == long.MaxValue || contentAt(start) != ContentKind.Code ? limit : nextFunction);
                exact = false;
            }
            end = Math.Min(end, limit);
            long from = Math.Max(start, position);
            if (end > from)
            {
                _ranges.Add(new Range(from, end, first, aliases - first, exact));
                position = end;
            }
            i = next;
        }
        foreach (Range r in _ranges) Claim(r.Start, r.End - r.Start, r, contentAt(r.Start), r.Exact ? Basis.Exact : Basis.Derived);

        // Functions that no symbol covers.
        position = 0;
        foreach (long start in _functionStarts)
        {
            long end = _functionEnds[start], from = Math.Max(start, position);
            if (end > from && !Find(from, out _))
            {
                _scope.Own(from, end - from, Unnamed, ContentKind.Code);
                position = end;
            }
        }
    }

    /// <summary>Gives further bytes to whoever has the byte at <paramref name="owned"/>: its unwind data, its table entries.</summary>
    public void OwnAt(long owned, long start, long length, ContentKind content, Basis basis = Basis.Exact)
    {
        if (!TryOwnAt(owned, start, length, content, basis) && _functionEnds.ContainsKey(owned)) _scope.Own(start, length, Unnamed, content, basis);
    }

    /// <summary>The same, where a symbol has that byte.</summary>
    public bool TryOwnAt(long owned, long start, long length, ContentKind content, Basis basis = Basis.Exact)
    {
        if (!Find(owned, out Range range)) return false;
        Claim(start, length, range, content, basis);
        return true;
    }

    private void Claim(long start, long length, Range range, ContentKind content, Basis basis)
    {
        if (range.Count > 1) _scope.OwnShared(start, length, _aliases.AsSpan(range.First, range.Count), content);
        else _scope.Own(start, length, _aliases[range.First], content, basis);
    }

    private bool Find(long offset, out Range range)
    {
        int low = 0, high = _ranges.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (_ranges[middle].Start <= offset) low = middle + 1;
            else high = middle - 1;
        }
        range = high >= 0 ? _ranges[high] : default;
        return high >= 0 && offset < range.End;
    }
}
