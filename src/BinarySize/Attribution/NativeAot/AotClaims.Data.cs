using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.Intrinsics;
using BinarySize.Formats.Elf;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Attribution.NativeAot;

/// <summary>Relocated data, and who uses what.</summary>
internal sealed partial class AotClaims
{
    private readonly NativeChunks<DehydratedRun> _runs = new();
    private long _streamOffset, _streamLength;
    private ulong _streamAddress;
    private int _tableStart;

    // The items of .hydrated are _firstHydrated …; their objects start at _objectStart, which symbols may lie behind.
    private int _firstHydrated, _hydratedCount;
    private ulong[] _objectStart = [];

    private readonly record struct Use(int Item, int Owner);

    private void PrepareHydrated()
    {
        if (_hydrated < 0) return;
        AotArea area = _image.Areas[_hydrated];
        ReadOnlySpan<AotItem> items = _image.Items;
        while (_firstHydrated < items.Length && items[_firstHydrated].Area != _hydrated) _firstHydrated++;
        while (_firstHydrated + _hydratedCount < items.Length && items[_firstHydrated + _hydratedCount].Area == _hydrated) _hydratedCount++;

        _objectStart = new ulong[_hydratedCount + 1];
        ulong end = area.Start;
        for (int k = 0; k < _hydratedCount; k++)
        {
            AotItem item = items[_firstHydrated + k];
            ReadOnlySpan<byte> name = _image.Name(_image.Symbols[item.First]);
            // An object's header stands before what its symbol points at, and a type's GC description too, which only the
            // statistics know the size of.
            ulong before = name.StartsWith("__Str_"u8) || name.StartsWith("__FrozenObj_"u8) || name.StartsWith("__RuntimeType_"u8) ? 8UL : 0;
            ulong earliest = Math.Max(end, k == 0 ? area.Start : _objectStart[k - 1]);
            _objectStart[k] = before != 0 || !name.StartsWith("_ZTV"u8) ? Math.Max(earliest, item.Start - before) : item.Start;
            int size = _statistics?.OfSymbol[item.First] is >= 0 and var number ? _statistics[number].Size : 0;
            if (size > 0 && name.StartsWith("_ZTV"u8) && k > 0 && end > items[_firstHydrated + k - 1].Start && end <= item.Start) _objectStart[k] = end;
            // Where this object ends, if the statistics say so and it agrees with the symbols.
            end = 0;
            if (size > 0)
            {
                ulong stop = (_objectStart[k] + (ulong)size + 7) & ~7UL;
                if (stop > item.Start && stop <= item.End) end = stop;
            }
        }
        _objectStart[_hydratedCount] = area.End;

        if (!TryGetBlob("__dehydrated_data"u8, out ByteView stream, out _streamOffset, out _streamAddress)) return;
        DehydratedData.Decode(stream, _streamAddress, area.End, _runs, out _tableStart);
        // Up to the next symbol there may be more than the table: it ends with the highest entry that is used.
        long used = 0;
        for (int i = 0; i < _runs.Count; i++) used = Math.Max(used, _runs[i].Fixup + 1L);
        _streamLength = Math.Min(stream.Length, _tableStart + used * 4);
    }

    /// <summary>Addresses that a run's pointers hold, in order.</summary>
    private ulong PointerAt(ByteView stream, in DehydratedRun run, int index)
    {
        long at = run.Fixup >= 0 ? _tableStart + run.Fixup * 4L : run.Payload + index * 4L;
        return stream.Contains(at, 4) ? _streamAddress + (ulong)at + (ulong)(long)stream.I32(at) : 0;
    }

    private static int PointersIn(in DehydratedRun run) => run.Command switch
    {
        DehydratedData.RelativePointer or DehydratedData.Pointer => 1,
        DehydratedData.InlineRelativePointers or DehydratedData.InlinePointers => (run.End - run.Payload) / 4,
        _ => 0,
    };

    private void ClaimDehydrated()
    {
        if (_runs.Count == 0) return;
        ByteView stream = _scope.Bytes.Slice(_streamOffset, _streamLength);
        int shared = _owners.ManagedData("dehydrated data");
        _scope.Own(_streamOffset, 4, shared, ContentKind.Data, Basis.Exact, Blobs);
        int k = 0;
        for (int i = 0; i < _runs.Count; i++)
        {
            DehydratedRun run = _runs[i];
            while (k + 1 < _hydratedCount && _objectStart[k + 1] <= run.Target) k++;
            ulong end = run.Target + (ulong)run.Length;
            int body = run.End - run.Payload;
            if (k + 1 >= _hydratedCount || _objectStart[k + 1] >= end || body == 0)
            {
                ClaimRun(run.Start, run.End, k);
                continue;
            }
            // It makes parts of several objects: the command is the first one's, what follows is split as it falls.
            int position = run.Start;
            for (int j = k; position < run.End && j < _hydratedCount; j++)
            {
                ulong stop = Math.Min(end, _objectStart[j + 1]);
                int to = stop >= end ? run.End : run.Payload + (int)Proportion.Of((long)(stop - run.Target), body, run.Length);
                if (to > position) ClaimRun(position, to, j);
                position = Math.Max(position, to);
            }
        }
        // The table's entries are each used more than once; they go with what they point at.
        for (int at = _tableStart; at + 4 <= _streamLength; at += 4)
        {
            int owner = OwnerAt(_streamAddress + (ulong)at + (ulong)(long)stream.I32(at));
            _scope.Own(_streamOffset + at, 4, owner != 0 ? owner : shared, ContentKind.Data, Basis.Derived, Blobs);
        }
    }

    private void ClaimRun(int from, int to, int k)
    {
        int item = _firstHydrated + k;
        if (k >= _hydratedCount) return;
        if (_itemShared.TryGetValue(item, out int[]? several)) _scope.OwnShared(_streamOffset + from, to - from, several, ContentKind.Data, Blobs);
        else _scope.Own(_streamOffset + from, to - from, _itemOwner[item], ContentKind.Data, Basis.Derived, Blobs);
    }

    /// <summary>
    /// A string literal is whose code or data points at it: what they have in common, where there are several, and where
    /// these are in different assemblies, each of these has a share.
    /// </summary>
    private void FindUses()
    {
        if (_hydratedCount == 0) return;
        int literals = _owners.ManagedData(ManagedSymbols.StringLiterals);
        var byUse = new bool[_hydratedCount];
        bool any = false;
        for (int k = 0; k < _hydratedCount; k++) any |= byUse[k] = _itemOwner[_firstHydrated + k] == literals;
        if (!any) return;

        var uses = new List<Use>();
        AotArea area = _image.Areas[_hydrated];
        // Nearly everything refers to something, and little of it to literals: a bit for where each starts tells most of it apart.
        var starts = new ulong[BitOperations.RoundUpToPowerOf2((uint)_hydratedCount) / 2 + 1];
        (int, ulong) BitOf(ulong address)
        {
            uint hash = (uint)(address * 0x9E3779B97F4A7C15 >> 32);
            return ((int)((hash >> 6) % (uint)starts.Length), 1UL << (int)(hash & 63));
        }
        for (int k = 0; k < _hydratedCount; k++)
        {
            if (!byUse[k]) continue;
            (int word, ulong bit) = BitOf(_image.Items[_firstHydrated + k].Start);
            starts[word] |= bit;
        }
        void AddUse(ulong target, int owner)
        {
            (int word, ulong bit) = BitOf(target);
            if ((starts[word] & bit) == 0) return;
            int item = _image.ItemAt(target);
            if (item < _firstHydrated || item >= _firstHydrated + _hydratedCount || !byUse[item - _firstHydrated]) return;
            if (_image.Items[item].Start == target && owner != _itemOwner[item]) uses.Add(new Use(item, owner));
        }
        ScanCode(managed: true, area.Start, (ulong)area.Length, (item, target) => AddUse(target, _itemOwner[item]));
        if (_runs.Count > 0)
        {
            ByteView stream = _scope.Bytes.Slice(_streamOffset, _streamLength);
            int k = 0;
            for (int i = 0; i < _runs.Count; i++)
            {
                DehydratedRun run = _runs[i];
                while (k + 1 < _hydratedCount && _objectStart[k + 1] <= run.Target) k++;
                int count = PointersIn(run), from = k;
                ulong width = run.Command is DehydratedData.Pointer or DehydratedData.InlinePointers ? 8UL : 4UL;
                for (int p = 0; p < count; p++)
                {
                    while (from + 1 < _hydratedCount && _objectStart[from + 1] <= run.Target + (ulong)p * width) from++;
                    AddUse(PointerAt(stream, run, p), _itemOwner[_firstHydrated + from]);
                }
            }
        }
        uses.Sort((a, b) => a.Item.CompareTo(b.Item));
        var assemblies = new List<int>();
        for (int i = 0; i < uses.Count;)
        {
            int item = uses[i].Item, common = uses[i].Owner;
            assemblies.Clear();
            int j = i;
            for (; j < uses.Count && uses[j].Item == item; j++)
            {
                int assembly = _owners.AssemblyOf(uses[j].Owner);
                if (assembly == 0) continue;
                if (!assemblies.Contains(assembly)) assemblies.Add(assembly);
                common = _owners.AssemblyOf(common) == 0 ? uses[j].Owner : _owners.Common(common, uses[j].Owner);
                if (common == 0) common = assembly;
            }
            i = j;
            if (assemblies.Count == 0) continue;
            _itemOwner[item] = assemblies.Count == 1 ? common : assemblies[0];
            if (assemblies.Count > 1) _itemShared[item] = [.. assemblies];
        }
    }

    /// <summary>
    /// Calls <paramref name="found"/> for every reference from code to an address of a range, with the item that the code
    /// is in. Code reaches data relative to the instruction; no disassembly is needed, since what looks like such an
    /// instruction and happens to give an address of interest is rare.
    /// </summary>
    private void ScanCode(bool managed, ulong low, ulong size, Action<int, ulong> found)
    {
        void Refer(ReadOnlySpan<byte> code, int at, int item)
        {
            ulong target = _image.Items[item].Start + (ulong)at + 5 + (ulong)(long)BinaryPrimitives.ReadInt32LittleEndian(code[(at + 1)..]);
            if (target - low < size) found(item, target);
        }
        for (int i = 0; i < _image.Items.Length; i++)
        {
            AotItem item = _image.Items[i];
            AotArea area = _image.Areas[item.Area];
            if (!area.IsCode || area.Offset < 0 || _itemManaged[i] != managed) continue;
            ByteView view = _scope.Bytes.Slice(area.Offset + (long)(item.Start - area.Start), (long)(item.End - item.Start));
            if (view.Length > int.MaxValue) continue;
            ReadOnlySpan<byte> code = view.Span();
            if (_image.Binary.Machine == ElfConstants.MachineX64)
            {
                int at = 0;
                for (; at + Vector128<byte>.Count + 4 <= code.Length; at += Vector128<byte>.Count)
                {
                    Vector128<byte> addressing = Vector128.Create(code.Slice(at, Vector128<byte>.Count)) & Vector128.Create(AddressingBits);
                    for (uint hits = Vector128.Equals(addressing, Vector128.Create(Relative)).ExtractMostSignificantBits(); hits != 0; hits &= hits - 1)
                    {
                        Refer(code, at + BitOperations.TrailingZeroCount(hits), i);
                    }
                }
                for (; at + 5 <= code.Length; at++)
                {
                    if ((code[at] & AddressingBits) == Relative) Refer(code, at, i);
                }
            }
            else if (_image.Binary.Machine == ElfConstants.MachineArm64)
            {
                for (int at = 0; at + 8 <= code.Length; at += 4)
                {
                    // ADRP, then ADD of an immediate to the same register.
                    uint page = BinaryPrimitives.ReadUInt32LittleEndian(code[at..]), add = BinaryPrimitives.ReadUInt32LittleEndian(code[(at + 4)..]);
                    if ((page & 0x9F000000) != 0x90000000 || (add & 0xFFC00000) != 0x91000000 || (page & 31) != (add >> 5 & 31)) continue;
                    long pages = (long)((ulong)(page >> 5 & 0x7FFFF) << 45) >> 43 | (page >> 29 & 3);
                    ulong target = ((item.Start + (ulong)at) & ~0xFFFUL) + (ulong)(pages << 12) + (add >> 10 & 0xFFF);
                    if (target - low < size) found(i, target);
                }
            }
        }
    }

    // Of the byte that says how an x64 instruction addresses memory: mod 00, r/m 101 is relative to the next instruction.
    private const byte AddressingBits = 0xC7, Relative = 0x05;

    private const uint RelativeX64 = 8, RelativeArm64 = 1027;

    /// <summary>
    /// Constants of the native runtime have no symbols: each piece is the component's that refers to its start, and
    /// reaches to the next such place.
    /// </summary>
    private void ClaimConstants()
    {
        if (_anonymous.Count == 0) return;
        // They were found by rising address.
        ulong low = _anonymous[0].Start, size = _anonymous[^1].End - low;
        var found = new List<(ulong Address, int Component)>();
        ScanCode(managed: false, low, size, (item, target) => found.Add((target, _itemComponent[item])));
        foreach (ref readonly ElfSection s in _image.Binary.Sections)
        {
            if (s.Type != ElfConstants.SectionRela || !s.IsAllocated) continue;
            ByteView content = _image.Binary.Content(s);
            for (long at = 0; content.Contains(at, 24); at += 24)
            {
                ulong target = content.U64(at + 16);
                if (content.U32(at + 8) is not (RelativeX64 or RelativeArm64) || target - low >= size) continue;
                int item = _image.ItemAt(content.U64(at));
                if (item >= 0 && !_itemManaged[item]) found.Add((target, _itemComponent[item]));
            }
        }
        found.Sort();
        int range = 0;
        for (int i = 0; i < found.Count;)
        {
            (ulong from, int component) = found[i];
            bool several = false;
            for (; i < found.Count && found[i].Address == from; i++) several |= found[i].Component != component;
            while (range < _anonymous.Count && _anonymous[range].End <= from) range++;
            if (range == _anonymous.Count) break;
            if (several || from < _anonymous[range].Start) continue;
            ulong to = i < found.Count ? Math.Min(found[i].Address, _anonymous[range].End) : _anonymous[range].End;
            AotArea area = _image.Areas[_image.AreaAt(from)];
            _scope.Own(area.Offset + (long)(from - area.Start), (long)(to - from), component, ContentOf(area), Basis.Derived, Symbols);
        }
    }
}
