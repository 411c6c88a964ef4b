using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Pe;

/// <summary>
/// The exception directory: bounds of functions, and the unwind data that each of them costs
/// (x64: UNWIND_INFO; ARM and ARM64: packed or .xdata records).
/// </summary>
internal sealed class PeFunctions
{
    private struct Function
    {
        public long Row;
        public long Start;
        public long Unwind;
        public int UnwindSize;
        public uint Address;
        public bool Handler;
    }

    private readonly PeFile _pe;
    private readonly ImageLayout _layout;
    private readonly List<Function> _functions = [];
    private int _rowSize;

    private PeFunctions(PeFile pe, ImageLayout layout)
    {
        _pe = pe;
        _layout = layout;
    }

    /// <summary>Reads the table and notes the bounds of each function in <paramref name="symbols"/>; null for machines without one.</summary>
    public static PeFunctions? Read(PeFile pe, ImageLayout layout, PeDirectory directory, PeSymbols symbols)
    {
        var functions = new PeFunctions(pe, layout);
        switch (pe.Machine)
        {
            case PeFile.MachineAmd64:
                functions.ReadX64(directory, symbols);
                return functions;
            case PeFile.MachineArm64:
                functions.ReadArm(directory, symbols, 4);
                return functions;
            case PeFile.MachineArmNT:
                functions.ReadArm(directory, symbols, 2);
                return functions;
            default:
                return null;
        }
    }

    private void ReadX64(PeDirectory directory, PeSymbols symbols)
    {
        (long table, long length) = _layout.Range(directory.Rva, directory.Size);
        _rowSize = 12;
        for (long i = 0, at = table; i < length / 12; i++, at += 12)
        {
            uint begin = _pe.Bytes.U32(at), end = _pe.Bytes.U32(at + 4), unwind = _pe.Bytes.U32(at + 8);
            if (end <= begin || !_layout.TryMap(begin, out long start, out long available)) continue;
            symbols.AddFunction(start, start + Math.Min(end - begin, available));
            var f = new Function { Row = at, Start = start, Address = begin, Unwind = -1 };
            if (_layout.TryMap(unwind, out long info, out long left) && left >= 4)
            {
                int flags = _pe.Bytes.U8(info) >> 3;
                int size = 4 + 2 * ((_pe.Bytes.U8(info + 2) + 1) & ~1);
                // UNW_FLAG_CHAININFO: the entry of the function that this is a piece of; else a handler's address and its data.
                if ((flags & 4) != 0) size += 12;
                else if ((flags & 3) != 0)
                {
                    size += 4;
                    f.Handler = true;
                }
                f.Unwind = info;
                f.UnwindSize = (int)Math.Min(size, left);
            }
            _functions.Add(f);
        }
    }

    private void ReadArm(PeDirectory directory, PeSymbols symbols, int unit)
    {
        (long table, long length) = _layout.Range(directory.Rva, directory.Size);
        _rowSize = 8;
        for (long i = 0, at = table; i < length / 8; i++, at += 8)
        {
            uint begin = _pe.Bytes.U32(at) & ~1u, data = _pe.Bytes.U32(at + 4);
            if (!_layout.TryMap(begin, out long start, out long available)) continue;
            var f = new Function { Row = at, Start = start, Address = begin, Unwind = -1 };
            uint functionLength = 0;
            if ((data & 3) != 0) functionLength = ((data >> 2) & 0x7FF) * (uint)unit;
            else if (_layout.TryMap(data, out long info, out long left) && left >= 8)
            {
                uint header = _pe.Bytes.U32(info);
                functionLength = (header & 0x3FFFF) * (uint)unit;
                bool single = (header & (1 << 21)) != 0;
                uint epilogs, words;
                if (unit == 4) (epilogs, words) = ((header >> 22) & 0x1F, header >> 27);
                else (epilogs, words) = ((header >> 23) & 0x1F, header >> 28);
                int size = 4;
                if (epilogs == 0 && words == 0)
                {
                    uint extension = _pe.Bytes.U32(info + 4);
                    (epilogs, words) = (extension & 0xFFFF, (extension >> 16) & 0xFF);
                    size += 4;
                }
                size += (int)words * 4 + (single ? 0 : (int)epilogs * 4);
                if ((header & (1 << 20)) != 0)
                {
                    size += 4;
                    f.Handler = true;
                }
                f.Unwind = info;
                f.UnwindSize = (int)Math.Min(size, left);
            }
            if (functionLength > 0) symbols.AddFunction(start, start + Math.Min(functionLength, available));
            _functions.Add(f);
        }
    }

    /// <summary>Charges table rows and unwind data to the functions' owners. To be called after the symbols are resolved.</summary>
    public void Own(PeSymbols symbols)
    {
        foreach (Function f in _functions) symbols.OwnAt(f.Start, f.Row, _rowSize, ContentKind.Unwind);

        Function[] byUnwind = [.. _functions];
        Array.Sort(byUnwind, static (a, b) => a.Unwind != b.Unwind ? a.Unwind.CompareTo(b.Unwind) : a.Start.CompareTo(b.Start));
        long position = 0;
        for (int i = 0; i < byUnwind.Length; i++)
        {
            Function f = byUnwind[i];
            // Functions with the same unwind data share it; the first one pays, as the linker folded the others into it.
            if (f.Unwind < 0 || (i > 0 && byUnwind[i - 1].Unwind == f.Unwind)) continue;
            long start = Math.Max(f.Unwind, position), end = f.Unwind + f.UnwindSize;
            if (end > start) symbols.OwnAt(f.Start, start, end - start, ContentKind.Unwind);
            position = Math.Max(position, end);
            if (!f.Handler) continue;
            // The handler's data has no length of its own; it stands between this record and the next one.
            int next = i + 1;
            while (next < byUnwind.Length && byUnwind[next].Unwind == f.Unwind) next++;
            long limit = next < byUnwind.Length ? byUnwind[next].Unwind : end;
            if (limit - end is > 0 and <= 1024 && _layout.PartAt(limit) == _layout.PartAt(end))
            {
                symbols.OwnAt(f.Start, end, limit - end, ContentKind.Unwind, Basis.Derived);
                position = limit;
            }
        }
    }
}
