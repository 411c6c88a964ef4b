using System.Runtime.InteropServices;
using BinarySize.Formats.Elf;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Attribution.NativeAot;

/// <summary>
/// One binary's claims. Ranks: 2 what symbols say, 3 what the inside of a compiler's blob says. First all symbols get an
/// owner; then who uses what decides whose literals are; then bytes are claimed.
/// </summary>
internal sealed partial class AotClaims : IDisposable
{
    private const byte Symbols = 2, Blobs = 3;

    // More owners than this at one address are not told apart.
    private const int MaxShared = 256;

    // Between two sized symbols this much is alignment, whatever it is filled with.
    private const int MaxAlignment = 15;

    private readonly MapScope _scope;
    private readonly AotImage _image;
    private readonly AotOwners _owners;
    private readonly MstatNames? _statistics;
    private readonly MstatFile? _mstat;
    private readonly ManagedSymbols _managed;

    // By item: the owner, and whether the compiler made it; several owners where symbols with different ones stand there.
    private readonly int[] _itemOwner;
    private readonly bool[] _itemManaged;
    private readonly int[] _itemComponent;
    private readonly Dictionary<int, int[]> _itemShared = [];

    // Ranges of native data that no symbol names, by address.
    private readonly List<(ulong Start, ulong End)> _anonymous = [];
    private readonly int _hydrated;

    public AotClaims(in MapScope scope, AotImage image, AotOwners owners, MstatNames? statistics)
    {
        _scope = scope;
        _image = image;
        _owners = owners;
        _statistics = statistics;
        _mstat = statistics?.File;
        _managed = new ManagedSymbols(owners, statistics);
        _itemOwner = new int[image.Items.Length];
        _itemManaged = new bool[image.Items.Length];
        _itemComponent = new int[image.Items.Length];
        // .NET 8 calls it by another name.
        _hydrated = image.FindArea(".hydrated"u8) is >= 0 and var area ? area : image.FindArea("hydrated"u8);
    }

    public void Apply()
    {
        ResolveItems();
        _scope.Map.ReleasePages();
        Guarded("dehydrated data", PrepareHydrated);
        Guarded("references", FindUses);
        _scope.Map.ReleasePages();
        ClaimItems();
        Guarded("dehydrated data", ClaimDehydrated);
        _runs.Dispose();
        Guarded("stack trace metadata", ReadStackTraces);
        Guarded("reflection metadata", ClaimMetadata);
        _scope.Map.ReleasePages();
        Guarded("external references", ClaimReferenceTables);
        _scope.Map.ReleasePages();
        Guarded("type loader maps", ClaimHashtables);
        Guarded("manifest resources", ClaimResources);
        Guarded("frame entries", ClaimFrames);
        Guarded("relocations", ClaimRelocations);
        Guarded("constants", ClaimConstants);
        ClaimRest();
    }

    public void Dispose() => _runs.Dispose();

    // One table that makes no sense must not cost the others.
    private void Guarded(string what, Action read)
    {
        try
        {
            read();
        }
        catch (BadFormatException e)
        {
            _scope.Warn(MapWarningCodes.Attribution, $"the {what} could not be read, and have coarser owners: {e.Message}");
        }
    }

    private void ResolveItems()
    {
        int code = _image.FindArea("__managedcode"u8), unbox = _image.FindArea("__unbox"u8);
        ReadOnlySpan<AotItem> items = _image.Items;
        var several = new List<int>();
        for (int i = 0; i < items.Length; i++)
        {
            AotItem item = items[i];
            // Names stand roughly in the order of addresses: those behind are not needed soon.
            if (i % 32768 == 0) _scope.Map.ReleasePages();
            bool managedOnly = item.Area == code || item.Area == unbox || item.Area == _hydrated;
            several.Clear();
            for (int s = item.First; s < item.First + item.Count; s++)
            {
                int owner = _managed.Resolve(_image.NextName(s), _statistics?.OfSymbol[s] ?? -1, managedOnly);
                if (owner != 0 && several.Count < MaxShared && !several.Contains(owner)) several.Add(owner);
            }
            if (several.Count > 0)
            {
                _itemManaged[i] = true;
                _itemOwner[i] = several[0];
                if (several.Count > 1) _itemShared[i] = [.. several];
                continue;
            }
            if (managedOnly)
            {
                _itemManaged[i] = true;
                continue;
            }
            for (int s = item.First; s < item.First + item.Count && _itemOwner[i] == 0; s++)
            {
                if (NativeComponents.Find(_image.Name(_image.Symbols[s])) is { } component) SetNative(i, s, component);
                else if (!_image.Name(_image.Symbols[s]).StartsWith("_Z"u8)) _itemOwner[i] = _managed.ResolveByPrefix(_image.Name(_image.Symbols[s]));
            }
            _itemManaged[i] = _itemOwner[i] != 0 && _itemComponent[i] == 0;
        }
        Dictionary<int, int> unnamed = _managed.UnnamedBySize();
        for (int i = 0; i < items.Length; i++)
        {
            if (!_itemManaged[i] || _itemOwner[i] != 0) continue;
            _itemOwner[i] = items[i].Area == code && unnamed.TryGetValue((int)SizeOf(i), out int owner) ? owner : _owners.ManagedData("compiler-made data");
        }
        // The linker keeps what comes from one archive together: a name that says nothing goes with its neighbours.
        string? last = null;
        int lastArea = -1;
        for (int i = 0; i < items.Length; i++)
        {
            if (items[i].Area != lastArea) last = null;
            lastArea = items[i].Area;
            if (_itemManaged[i]) continue;
            if (_itemOwner[i] != 0) last = _componentNames[i];
            else SetNative(i, items[i].First, last ?? NextComponent(i) ?? NativeComponents.Other);
        }
    }

    private readonly Dictionary<int, string> _componentNames = [];

    private void SetNative(int item, int symbol, string component)
    {
        _componentNames[item] = component;
        _itemComponent[item] = _owners.Component(component);
        _itemOwner[item] = _owners.Symbol(_itemComponent[item], _image.MappedName(_image.Symbols[symbol]));
    }

    private string? NextComponent(int item)
    {
        for (int i = item + 1; i < _image.Items.Length && i < item + 64 && _image.Items[i].Area == _image.Items[item].Area; i++)
        {
            if (_componentNames.TryGetValue(i, out string? name)) return name;
        }
        return null;
    }

    /// <summary>The owner of what lies at an address; 0 where nobody is known.</summary>
    private int OwnerAt(ulong address)
    {
        int item = _image.LastItemFrom(address);
        if (item < 0 || address >= _image.Items[item].End) return 0;
        if (_itemManaged[item]) return _itemOwner[item];
        ulong size = SizeOf(item);
        return size == 0 || address < _image.Items[item].Start + size ? _itemOwner[item] : _itemComponent[item];
    }

    private ulong SizeOf(int item)
    {
        ulong size = 0;
        AotItem it = _image.Items[item];
        for (int s = it.First; s < it.First + it.Count; s++) size = Math.Max(size, _image.Symbols[s].Size);
        return size;
    }

    private void ClaimItems()
    {
        ReadOnlySpan<AotItem> items = _image.Items;
        for (int i = 0; i < items.Length; i++)
        {
            AotItem item = items[i];
            AotArea area = _image.Areas[item.Area];
            if (area.Offset < 0) continue;
            long start = area.Offset + (long)(item.Start - area.Start), length = (long)(item.End - item.Start);
            ulong size = SizeOf(i);
            ContentKind content = ContentOf(area);
            long sized = size == 0 || size > (ulong)length ? length : (long)size;
            Own(start, sized, i, content, size == 0 ? Basis.Derived : Basis.Exact);
            long rest = length - sized;
            if (rest == 0) continue;
            if (rest <= MaxAlignment || IsFill(start + sized, rest)) Own(start + sized, rest, i, ContentKind.Padding, Basis.Derived);
            else if (_itemManaged[i]) Own(start + sized, rest, i, content, Basis.Derived);
            else if (area.IsCode) _scope.Own(start + sized, rest, _itemComponent[i], content, Basis.Derived, Symbols);
            else _anonymous.Add((item.Start + (ulong)sized, item.End));
        }
        // Before the first symbol of the code stands what starts a C program.
        foreach (AotArea area in _image.Areas)
        {
            if (!area.IsCode || area.Offset < 0) continue;
            int first = _image.LastItemFrom(area.Start);
            ulong to = first + 1 < items.Length ? Math.Min(items[first + 1].Start, area.End) : area.End;
            if (first < 0 || items[first].End <= area.Start)
            {
                _scope.Own(area.Offset, (long)(to - area.Start), _owners.Component(NativeComponents.Startup), ContentKind.Code, Basis.Derived, Symbols);
            }
        }
    }

    private void Own(long start, long length, int item, ContentKind content, Basis basis)
    {
        if (_itemShared.TryGetValue(item, out int[]? several)) _scope.OwnShared(start, length, several, content, Symbols);
        else _scope.Own(start, length, _itemOwner[item], content, basis, Symbols);
    }

    private bool IsFill(long start, long length)
    {
        byte first = _scope.Bytes.U8(start);
        return first is 0 or 0xCC or 0x90 && _scope.Bytes.IsFilledWith(start, length, first);
    }

    private ContentKind ContentOf(in AotArea area)
    {
        ref readonly ElfSection section = ref _image.Binary.Sections[area.Section];
        return ElfReader.ContentOf(_image.Binary, section);
    }

    private void ClaimFrames()
    {
        ElfFile binary = _image.Binary;
        int section = binary.FindSection(".eh_frame"u8);
        if (section < 0) return;
        int shared = _owners.Component(NativeComponents.UnwindTables);
        ClaimFrameHeader();
        var tables = new List<(ulong Address, int Owner)>();
        using var entries = new NativeChunks<FrameEntry>();
        try
        {
            EhFrame.Read(binary, section, entries, (start, length) => _scope.Own(start, length, shared, ContentKind.Unwind, Basis.Exact, Symbols));
        }
        catch (BadFormatException e)
        {
            // What was read before the damage is as good as ever.
            _scope.Warn(MapWarningCodes.Attribution, $"not all frame entries could be read: {e.Message}");
        }
        for (int i = 0; i < entries.Count; i++)
        {
            FrameEntry entry = entries[i];
            int owner = entry.Code >= 0 && binary.TryGetAddress(entry.Code, out ulong code) ? OwnerAt(code) : 0;
            _scope.Own(entry.Offset, entry.Length, owner != 0 ? owner : shared, ContentKind.Unwind, Basis.Exact, Symbols);
            if (entry.Lsda >= 0 && owner != 0 && binary.TryGetAddress(entry.Lsda, out ulong table)) tables.Add((table, owner));
        }

        // Exception tables and GC info have no length of their own: one reaches to where the next starts.
        tables.Sort();
        Span<(ulong Address, int Owner)> sorted = CollectionsMarshal.AsSpan(tables);
        var several = new List<int>();
        for (int i = 0; i < sorted.Length;)
        {
            ulong address = sorted[i].Address;
            several.Clear();
            int j = i;
            for (; j < sorted.Length && sorted[j].Address == address; j++)
            {
                if (several.Count == 0 || several[^1] != sorted[j].Owner) several.Add(sorted[j].Owner);
            }
            i = j;
            int at = _image.AreaAt(address);
            if (at < 0 || _image.Areas[at].Offset < 0) continue;
            ulong end = Math.Min(_image.Areas[at].End, j < sorted.Length ? sorted[j].Address : ulong.MaxValue);
            long start = _image.Areas[at].Offset + (long)(address - _image.Areas[at].Start), length = (long)(end - address);
            if (several.Count == 1) _scope.Own(start, length, several[0], ContentKind.Unwind, Basis.Derived, Blobs);
            else _scope.OwnShared(start, length, CollectionsMarshal.AsSpan(several), ContentKind.Unwind, Blobs);
        }
    }

    private void ClaimFrameHeader()
    {
        ElfFile binary = _image.Binary;
        int section = binary.FindSection(".eh_frame_hdr"u8);
        if (section < 0 || !EhFrame.TryReadTable(binary, section, out long start, out int count, out int size, out byte encoding)) return;
        for (int i = 0; i < count; i++)
        {
            long at = start + (long)i * size, code = EhFrame.TableCode(binary, section, at, encoding);
            int owner = code >= 0 && binary.TryGetAddress(code, out ulong address) ? OwnerAt(address) : 0;
            if (owner != 0) _scope.Own(binary.Sections[section].Offset + at, size, owner, ContentKind.Unwind, Basis.Exact, Symbols);
        }
    }

    private void ClaimRelocations()
    {
        foreach (ref readonly ElfSection s in _image.Binary.Sections)
        {
            if (!s.IsAllocated) continue;
            ByteView content = _image.Binary.Content(s);
            if (s.Type == ElfConstants.SectionRela)
            {
                for (long at = 0; content.Contains(at, 24); at += 24)
                {
                    // One that names a symbol is the import's, not the place's.
                    int owner = content.U32(at + 12) == 0 ? OwnerAt(content.U64(at)) : 0;
                    if (owner != 0) _scope.Own(s.Offset + at, 24, owner, ContentKind.Relocations, Basis.Exact, Symbols);
                }
            }
            else if (s.Type == ElfConstants.SectionRelr)
            {
                // An even word is a place, an odd one a map of the 63 words after the last place: the first one stands for them.
                ulong place = 0;
                for (long at = 0; content.Contains(at, 8); at += 8)
                {
                    ulong word = content.U64(at);
                    ulong first = (word & 1) == 0 ? word : place + 8 * (ulong)System.Numerics.BitOperations.TrailingZeroCount(word >> 1);
                    place = (word & 1) == 0 ? word + 8 : place + 63 * 8;
                    int owner = OwnerAt(first);
                    if (owner != 0) _scope.Own(s.Offset + at, 8, owner, ContentKind.Relocations, Basis.Derived, Symbols);
                }
            }
        }
    }

    /// <summary>What no symbol and no table has claimed goes to the part of the runtime that its section is there for.</summary>
    private void ClaimRest()
    {
        foreach (ref readonly ElfSection s in _image.Binary.Sections)
        {
            ReadOnlySpan<byte> name = _image.Binary.Name(s);
            if (_image.Binary.Content(s) is not { Length: > 0 } content || !s.IsAllocated) continue;
            string? component = name switch
            {
                _ when name.StartsWith(".dyn"u8) || name.StartsWith(".gnu.version"u8) || name.EndsWith("hash"u8) || name.StartsWith(".rel"u8)
                    || name.StartsWith(".plt"u8) || name.StartsWith(".got"u8) => NativeComponents.Linking,
                _ when name.SequenceEqual(".init"u8) || name.SequenceEqual(".fini"u8) || name.EndsWith("_array"u8) => NativeComponents.Startup,
                _ when name.StartsWith(".eh_frame"u8) || name.StartsWith(".gcc_except_table"u8) => NativeComponents.UnwindTables,
                _ when name.StartsWith(".rodata"u8) => NativeComponents.Constants,
                _ when name.StartsWith(".data"u8) || name.StartsWith(".tdata"u8) => NativeComponents.Data,
                _ => null,
            };
            int owner = component is not null ? _owners.Component(component)
                : name.StartsWith("__managedcode"u8) || name.StartsWith("__unbox"u8) ? _owners.ManagedData("compiled code")
                : name.StartsWith("__modules"u8) ? _owners.ManagedData("module header")
                : name.StartsWith(".dotnet_eh_table"u8) ? _owners.ManagedData("exception tables and GC info")
                : s.IsCode ? _owners.Component(NativeComponents.Other) : 0;
            if (owner != 0) _scope.Own(s.Offset, content.Length, owner, ElfReader.ContentOf(_image.Binary, s), Basis.Derived, Symbols);
        }
    }
}
