using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Elf;

/// <summary>
/// Makes symbols the owners of their bytes: code and data, symbol table entries, names, frame descriptions, exception
/// tables, and relocations. One sweep over the symbols by their place in the file; memory is a few flat tables.
/// </summary>
internal sealed class ElfSymbolOwners : IDisposable
{
    // A candidate's number says what it is in its low bits.
    private const int FromTable = 0;
    private const int FromDynamic = 1;
    private const int FromFrame = 2;

    private const int Nobody = int.MinValue;
    private const long MaxPiece = 1L << 31;

    /// <summary>A run of content and who owns it: an owner, or ~index into the pool of owners that share it.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private readonly record struct Piece(long Start, uint Length, int Owner)
    {
        public long End => Start + Length;
    }

    /// <summary>A symbol that reaches over the current point of the sweep.</summary>
    private record struct Reach(long End, int Owner, ContentKind Content, Basis Basis);

    private record struct Member(long Size, int Candidate);

    private readonly MapScope _scope;
    private readonly ElfFile _file;
    private readonly ElfRegions _regions;
    private readonly ElfSymbolTable _table;
    private readonly ElfFile _tableFile;
    private readonly bool _tableIsOwn;
    private readonly ElfSymbolTable _dynamic;
    private readonly ElfSegment _tls;

    private readonly NativeList<int> _tableOwners = new();
    private readonly NativeList<int> _dynamicOwners = new();
    private readonly NativeChunks<FrameEntry> _frames = new();
    private readonly NativeChunks<Piece> _pieces = new();
    private readonly NativeList<Reach> _reach = new();
    private readonly NativeList<int> _pool = new();
    private readonly List<Member> _members = [];
    private readonly List<int> _owners = [];
    private int _lastPiece;
    private long _position;
    private readonly NameBudget _names;

    /// <param name="scope">Where the file is mapped.</param>
    /// <param name="file">The file.</param>
    /// <param name="debug">A file that has its symbols; null to use its own.</param>
    public ElfSymbolOwners(in MapScope scope, ElfFile file, ElfFile? debug)
    {
        _scope = scope;
        _file = file;
        _regions = new ElfRegions(file);
        _tableIsOwn = file.SymbolTable.Count > 0 || debug is null;
        _tableFile = _tableIsOwn ? file : debug!;
        _table = _tableFile.SymbolTable;
        _dynamic = file.DynamicSymbolTable;
        foreach (ref readonly ElfSegment s in file.Segments)
        {
            if (s.Type == ElfConstants.SegmentTls) _tls = s;
        }
        _names = new NameBudget(_table.Names.Length + _dynamic.Names.Length);
    }

    public void Claim()
    {
        AddOwners();
        ReadFrames();
        ClaimContent();
        ClaimFrames();
        ClaimRelocations();
        // The rest needs the owners only.
        _frames.Dispose();
        _pieces.Dispose();
        ClaimEntries(_dynamic, _dynamicOwners);
        ClaimNames(_dynamic, _dynamicOwners);
        if (!_tableIsOwn) return;
        ClaimEntries(_table, _tableOwners);
        ClaimNames(_table, _tableOwners);
    }

    public void Dispose()
    {
        _tableOwners.Dispose();
        _dynamicOwners.Dispose();
        _frames.Dispose();
        _pieces.Dispose();
        _reach.Dispose();
        _pool.Dispose();
    }

    // ---- Owners -------------------------------------------------------------------------------------------------

    private void AddOwners()
    {
        _dynamicOwners.Resize(_dynamic.Count);
        _tableOwners.Resize(_table.Count);
        for (int i = 1; i < _dynamic.Count; i++)
        {
            ElfSymbol s = _dynamic[i];
            if (IsNamed(s, _dynamic)) _dynamicOwners[i] = AddOwner(_dynamic, s);
        }

        // A global symbol stands in both tables, there perhaps with its version in the name. It is one owner.
        using var buckets = new NativeList<int>();
        int size = 16;
        if (_table.Count > 0)
        {
            while (size < _dynamic.Count * 2L && size < 1 << 30) size *= 2;
            buckets.Resize(size);
            for (int i = 1; i < _dynamic.Count; i++)
            {
                if (_dynamicOwners[i] == 0) continue;
                ElfSymbol s = _dynamic[i];
                int place = Hash(_scope.Names.Bytes(NameOf(_dynamicOwners[i])), s.Value) & (size - 1);
                for (int probe = 0; probe < MaxProbes; probe++, place = (place + 1) & (size - 1))
                {
                    if (buckets[place] != 0) continue;
                    buckets[place] = i;
                    break;
                }
            }
        }
        for (int i = 1; i < _table.Count; i++)
        {
            ElfSymbol s = _table[i];
            if (!IsNamed(s, _table)) continue;
            if (s.Binding != 0 && _dynamic.Count > 0)
            {
                ReadOnlySpan<byte> name = _names.Read(_table.Names, s.NameOffset).Span();
                int version = name.IndexOf((byte)'@');
                if (version > 0) name = name[..version];
                int place = Hash(name, s.Value) & (size - 1);
                for (int probe = 0; probe < MaxProbes && buckets[place] != 0; probe++, place = (place + 1) & (size - 1))
                {
                    int other = buckets[place];
                    if (_dynamic[other].Value != s.Value || !_scope.Names.Bytes(NameOf(_dynamicOwners[other])).SequenceEqual(name)) continue;
                    _tableOwners[i] = _dynamicOwners[other];
                    break;
                }
            }
            if (_tableOwners[i] == 0 && _tableIsOwn) _tableOwners[i] = AddOwner(_table, s);
        }
    }

    // Names that collide more often than this are left unmatched, as two owners: a file cannot choose to be slow.
    private const int MaxProbes = 64;

    private static int Hash(ReadOnlySpan<byte> name, ulong value)
    {
        ulong hash = value * 0x9E3779B97F4A7C15 + (ulong)name.Length;
        while (name.Length >= 8)
        {
            hash = (hash ^ BitConverter.ToUInt64(name)) * 0xFF51AFD7ED558CCD;
            hash ^= hash >> 32;
            name = name[8..];
        }
        foreach (byte b in name) hash = (hash ^ b) * 0xFF51AFD7ED558CCD;
        return (int)(hash >> 33);
    }

    private int NameOf(int owner) => _scope.Map.OwnerAt(owner).Name;

    private int AddOwner(in ElfSymbolTable table, in ElfSymbol symbol) =>
        _scope.Map.AddOwner(0, OwnerKind.Symbol, _scope.Names.AddMapped(_names.Read(table.Names, symbol.NameOffset)));

    /// <summary>True for a symbol that stands for something of the program: not for a section, a file, or a linker's marker.</summary>
    private bool IsNamed(in ElfSymbol symbol, in ElfSymbolTable table)
    {
        if (symbol.NameOffset == 0 || symbol.NameOffset >= table.Names.Length) return false;
        switch (symbol.Type)
        {
            case ElfConstants.SymbolNoType:
                return symbol.Binding != 0 || !IsMappingSymbol(symbol, table);
            case ElfConstants.SymbolObject or ElfConstants.SymbolFunction or ElfConstants.SymbolTls or ElfConstants.SymbolIndirectFunction or 5:
                return true;
            case 13: // STT_ARM_TFUNC; a register elsewhere
                return _file.Machine == ElfConstants.MachineArm;
            default:
                return false;
        }
    }

    // $a, $t, $d, $x tell code from data for a disassembler (ARM, AArch64 and RISC-V ELF ABIs).
    private bool IsMappingSymbol(in ElfSymbol symbol, in ElfSymbolTable table) =>
        _file.Machine is ElfConstants.MachineArm or ElfConstants.MachineArm64 or ElfConstants.MachineRiscV
        && table.Names.Contains(symbol.NameOffset, 2) && table.Names.U8(symbol.NameOffset) == (byte)'$'
        && (char)table.Names.U8(symbol.NameOffset + 1L) is 'a' or 't' or 'd' or 'x';

    // ---- Frames -------------------------------------------------------------------------------------------------

    private void ReadFrames()
    {
        foreach (ref readonly ElfRegion region in _regions.All)
        {
            if (!region.Whole || region.Section < 0) continue;
            ReadOnlySpan<byte> name = _file.Name(_file.Sections[region.Section]);
            if (!name.SequenceEqual(".eh_frame"u8) && !name.SequenceEqual(".bolt.org.eh_frame"u8)) continue;
            int block = -1;
            int section = region.Section;
            try
            {
                EhFrame.Read(_file, section, _frames, (start, length) =>
                {
                    // Below the section's own part, so that its size stays what it is.
                    if (block < 0) block = _scope.Map.AddPart(SectionPart(section), PartKind.Block, ContentKind.Unwind, _scope.Names.Intern("CIEs"));
                    _scope.Extend(start, length, block);
                });
            }
            catch (BadFormatException e)
            {
                _scope.Warn(MapWarningCodes.Damaged, "the rest of .eh_frame is not split: " + e.Message);
            }
        }
    }

    /// <summary>Set by the reader: the part that a section became.</summary>
    public required Func<int, int> SectionPart { get; init; }

    // ---- Content ------------------------------------------------------------------------------------------------

    private void ClaimContent()
    {
        using var candidates = new NativeChunks<Keyed>();
        for (int i = 1; i < _table.Count; i++) AddCandidate(candidates, _table, _tableFile, i, FromTable);
        AddDynamicOnly(candidates);
        for (int i = 0; i < _frames.Count; i++)
        {
            if (_frames[i].Code >= 0) candidates.Add(new Keyed((ulong)_frames[i].Code, i << 2 | FromFrame));
        }
        RadixSort.Sort(candidates);
        Sweep(candidates);
    }

    /// <summary>Adds the dynamic symbols that the symbol table does not have.</summary>
    private void AddDynamicOnly(NativeChunks<Keyed> candidates)
    {
        using var seen = new NativeList<byte>();
        int first = int.MaxValue, last = 0;
        for (int i = 1; i < _dynamic.Count; i++)
        {
            if (_dynamicOwners[i] == 0) continue;
            first = Math.Min(first, _dynamicOwners[i]);
            last = Math.Max(last, _dynamicOwners[i]);
        }
        if (last == 0) return;
        seen.Resize(last - first + 1);
        for (int i = 1; i < _table.Count; i++)
        {
            if (_tableOwners[i] >= first && _tableOwners[i] <= last) seen[_tableOwners[i] - first] = 1;
        }
        for (int i = 1; i < _dynamic.Count; i++)
        {
            if (_dynamicOwners[i] != 0 && seen[_dynamicOwners[i] - first] == 0) AddCandidate(candidates, _dynamic, _file, i, FromDynamic);
        }
    }

    private void AddCandidate(NativeChunks<Keyed> candidates, in ElfSymbolTable table, ElfFile tableFile, int index, int kind)
    {
        ElfSymbol s = table[index];
        if (!s.IsDefined || index >= 1 << 29 || !IsNamed(s, table)) return;
        if (!TryLocate(tableFile, s, out long offset)) return;
        if (s.Size == 0)
        {
            int region = _regions.At(offset);
            if (region < 0 || !_regions.All[region].Labels) return;
            if (s.Type == ElfConstants.SymbolNoType && IsBoundary(table, s)) return;
        }
        candidates.Add(new Keyed((ulong)offset, index << 2 | kind));
    }

    // The linker's labels for where a section starts and stops.
    private static bool IsBoundary(in ElfSymbolTable table, in ElfSymbol symbol) =>
        table.Names.Matches(symbol.NameOffset, "__start_"u8) || table.Names.Matches(symbol.NameOffset, "__stop_"u8);

    private bool TryLocate(ElfFile tableFile, in ElfSymbol symbol, out long offset)
    {
        ulong value = symbol.Value;
        offset = -1;
        // Bit 0 of a Thumb function's address is not part of it.
        if (_file.Machine == ElfConstants.MachineArm && symbol.Type is ElfConstants.SymbolFunction or ElfConstants.SymbolIndirectFunction or 13) value &= ~1UL;
        if (symbol.Section >= (uint)tableFile.Sections.Length) return false;
        ref readonly ElfSection section = ref tableFile.Sections[(int)symbol.Section];
        if (symbol.Type == ElfConstants.SymbolTls && !_file.IsRelocatable)
        {
            // An offset in the thread's block, of which the file has the beginning; addresses after that mean something else.
            if (value >= (ulong)_tls.FileSize) return false;
            value += _tls.Address;
        }
        if (tableFile != _file)
        {
            // Sections of a debug file have no bytes, and other indexes: only the address counts.
            return section.IsAllocated && _file.TryGetOffset(value, out offset);
        }
        ulong at = _file.IsRelocatable ? value : value - section.Address;
        if (at >= (ulong)section.FileSize || (long)at < 0) return false;
        offset = section.Offset + (long)at;
        return _file.Bytes.Contains(offset, 1);
    }

    private void Sweep(NativeChunks<Keyed> candidates)
    {
        for (int a = 0; a < candidates.Count;)
        {
            long start = (long)candidates[a].Key;
            _members.Clear();
            long frame = 0;
            bool sized = false, typed = false;
            int b = a;
            for (; b < candidates.Count && candidates[b].Key == (ulong)start; b++)
            {
                int candidate = candidates[b].Value;
                if ((candidate & 3) == FromFrame)
                {
                    frame = Math.Max(frame, _frames[candidate >> 2].CodeLength);
                    continue;
                }
                ElfSymbol s = SymbolOf(candidate);
                _members.Add(new Member(s.Size > long.MaxValue ? long.MaxValue : (long)s.Size, candidate));
                sized |= s.Size > 0;
                typed |= s.Type != ElfConstants.SymbolNoType;
            }
            long next = b < candidates.Count ? (long)candidates[b].Key : long.MaxValue;
            a = b;
            int index = _regions.At(start);
            if (index < 0) continue;
            ElfRegion region = _regions.All[index];
            CloseUntil(start);
            if (sized)
            {
                if (_members.Count > 1) _members.Sort((x, y) => x.Size != y.Size ? y.Size.CompareTo(x.Size) : x.Candidate.CompareTo(y.Candidate));
                // Of symbols that start together the longer one reaches on where the shorter one ends.
                for (int i = 0; i < _members.Count && _members[i].Size > 0;)
                {
                    int j = i;
                    _owners.Clear();
                    for (; j < _members.Count && _members[j].Size == _members[i].Size; j++) AddUnique(OwnerOf(_members[j].Candidate));
                    Push(start, Reaching(start, _members[i].Size, region), region.Content, Basis.Exact);
                    i = j;
                }
                continue;
            }
            // Inside a symbol with a size it is a label.
            if (_reach.Count > 0 || !region.Labels) continue;
            _owners.Clear();
            foreach (Member m in _members)
            {
                if (!typed || SymbolOf(m.Candidate).Type != ElfConstants.SymbolNoType) AddUnique(OwnerOf(m.Candidate));
            }
            if (frame > 0)
            {
                if (_members.Count == 0) _owners.Add(AddAnonymous(start));
                Push(start, Reaching(start, frame, region), region.Content, Basis.Derived);
            }
            else if (_members.Count > 0) Push(start, Math.Min(next, region.End), region.Content, Basis.Derived);
        }
        CloseUntil(long.MaxValue);
    }

    private static long Reaching(long start, long size, in ElfRegion region) => size > region.End - start ? region.End : start + size;

    private void AddUnique(int owner)
    {
        // Aliases are few; the two tables' symbols were made one before.
        if (_owners.Count == 0 || _owners[^1] != owner) _owners.Add(owner);
    }

    private ElfSymbol SymbolOf(int candidate) => (candidate & 3) == FromTable ? _table[candidate >> 2] : _dynamic[candidate >> 2];

    private int OwnerOf(int candidate)
    {
        int index = candidate >> 2;
        if ((candidate & 3) == FromDynamic) return _dynamicOwners[index];
        ref int owner = ref _tableOwners[index];
        if (owner == 0) owner = AddOwner(_table, _table[index]);
        return owner;
    }

    private int AddAnonymous(long offset)
    {
        ulong address = _file.TryGetAddress(offset, out ulong a) ? a : (ulong)offset;
        Span<byte> name = stackalloc byte[32];
        System.Text.Unicode.Utf8.TryWrite(name, CultureInfo.InvariantCulture, $"func_{address:x}", out int length);
        return _scope.Map.AddOwner(0, OwnerKind.Symbol, _scope.Names.Add(name[..length]));
    }

    private void Push(long start, long end, ContentKind content, Basis basis)
    {
        if (end <= start || _owners.Count == 0) return;
        int owner = _owners[0];
        if (_owners.Count > 1)
        {
            owner = ~_pool.Count;
            _pool.Add(_owners.Count);
            foreach (int o in _owners) _pool.Add(o);
        }
        _reach.Add(new Reach(end, owner, content, basis));
    }

    /// <summary>Gives what lies before <paramref name="until"/> to the symbols that reach over it, the innermost first.</summary>
    private void CloseUntil(long until)
    {
        while (_reach.Count > 0)
        {
            Reach top = _reach[_reach.Count - 1];
            long end = Math.Min(top.End, until);
            if (end > _position)
            {
                for (long at = _position; at < end; at += MaxPiece) _pieces.Add(new Piece(at, (uint)Math.Min(end - at, MaxPiece), top.Owner));
                Own(_position, end - _position, top.Owner, top.Content, top.Basis);
                _position = end;
            }
            if (top.End > until) return;
            _reach.Resize(_reach.Count - 1);
        }
        _position = until;
    }

    /// <summary>Who owns the content at <paramref name="offset"/>; <see cref="Nobody"/> where nobody does.</summary>
    private int OwnerAt(long offset)
    {
        NativeChunks<Piece> pieces = _pieces;
        // Tables are mostly in the order of what they describe.
        for (int i = _lastPiece; i < _lastPiece + 2 && i < pieces.Count; i++)
        {
            if (offset < pieces[i].Start || offset >= pieces[i].End) continue;
            _lastPiece = i;
            return pieces[i].Owner;
        }
        int low = 0, high = pieces.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (offset < pieces[middle].Start) high = middle - 1;
            else if (offset >= pieces[middle].End) low = middle + 1;
            else
            {
                _lastPiece = middle;
                return pieces[middle].Owner;
            }
        }
        return Nobody;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Own(long start, long length, int owner, ContentKind content, Basis basis)
    {
        if (owner > 0) _scope.Own(start, length, owner, content, basis);
        else if (owner < 0 && owner != Nobody) _scope.OwnShared(start, length, Shared(owner), content);
    }

    private ReadOnlySpan<int> Shared(int owner) => _pool.Span.Slice(~owner + 1, _pool[~owner]);

    // ---- Tables -------------------------------------------------------------------------------------------------

    private void ClaimEntries(in ElfSymbolTable table, NativeList<int> owners)
    {
        for (int i = 1; i < table.Count; i++) Own(table.FileOffset + (long)i * table.EntrySize, table.EntrySize, owners[i], ContentKind.Symbols, Basis.Exact);
    }

    private void ClaimNames(in ElfSymbolTable table, NativeList<int> owners)
    {
        if (table.Names.Length == 0) return;
        using var names = new NativeChunks<Keyed>();
        for (int i = 1; i < table.Count; i++)
        {
            uint name = table[i].NameOffset;
            if (name != 0 && name < table.Names.Length) names.Add(new Keyed(name, i));
        }
        RadixSort.Sort(names);
        for (int a = 0; a < names.Count;)
        {
            long start = (long)names[a].Key;
            _owners.Clear();
            int b = a;
            for (; b < names.Count && names[b].Key == (ulong)start; b++)
            {
                int owner = owners[names[b].Value];
                if (owner != 0) AddUnique(owner);
            }
            // A name that is the end of another one ends the other one's bytes.
            long next = b < names.Count ? (long)names[b].Key : table.Names.Length;
            a = b;
            if (_owners.Count == 0) continue;
            ByteView rest = table.Names.Slice(start, next - start);
            long length = Math.Min(rest.Length, rest.CString(0).Length + 1L);
            if (_owners.Count == 1) _scope.Own(table.NamesOffset + start, length, _owners[0], ContentKind.Symbols);
            else _scope.OwnShared(table.NamesOffset + start, length, CollectionsMarshal.AsSpan(_owners), ContentKind.Symbols);
        }
    }

    private void ClaimFrames()
    {
        using var data = new NativeChunks<Keyed>();
        for (int i = 0; i < _frames.Count; i++)
        {
            ref FrameEntry frame = ref _frames[i];
            int owner = frame.Code < 0 ? Nobody : OwnerAt(frame.Code);
            frame.Owner = owner;
            if (owner == Nobody) continue;
            Own(frame.Offset, frame.Length, owner, ContentKind.Unwind, Basis.Exact);
            if (frame.Lsda >= 0) data.Add(new Keyed((ulong)frame.Lsda, owner));
        }
        RadixSort.Sort(data);
        for (int a = 0; a < data.Count;)
        {
            long start = (long)data[a].Key;
            int b = a;
            while (b < data.Count && data[b].Key == (ulong)start) b++;
            int first = a;
            long next = b < data.Count ? (long)data[b].Key : long.MaxValue;
            a = b;
            int region = _regions.At(start);
            if (region < 0) continue;
            long length = Math.Min(next, _regions.All[region].End) - start;
            if (b - first == 1)
            {
                Own(start, length, data[first].Value, ContentKind.Unwind, Basis.Derived);
                continue;
            }
            _owners.Clear();
            for (int i = first; i < b; i++)
            {
                Keyed user = data[i];
                if (user.Value > 0) AddUnique(user.Value);
                else
                {
                    foreach (int o in Shared(user.Value))
                    {
                        // More owners than bytes get nothing.
                        if (_owners.Count >= length) break;
                        AddUnique(o);
                    }
                }
            }
            _scope.OwnShared(start, length, CollectionsMarshal.AsSpan(_owners), ContentKind.Unwind);
        }
        foreach (ref readonly ElfRegion region in _regions.All)
        {
            if (!region.Whole || region.Section < 0 || _file.IsRelocatable) continue;
            ReadOnlySpan<byte> name = _file.Name(_file.Sections[region.Section]);
            if (!name.SequenceEqual(".eh_frame_hdr"u8) && !name.SequenceEqual(".bolt.org.eh_frame_hdr"u8)) continue;
            if (!EhFrame.TryReadTable(_file, region.Section, out long start, out int count, out int entrySize, out byte encoding)) continue;
            for (int i = 0; i < count; i++)
            {
                long entry = start + (long)i * entrySize;
                long code = EhFrame.TableCode(_file, region.Section, entry, encoding);
                if (code >= 0) Own(region.Start + entry, entrySize, OwnerAt(code), ContentKind.Unwind, Basis.Exact);
            }
        }
    }

    private void ClaimRelocations()
    {
        using var slots = new NativeChunks<Keyed>();
        foreach (ref readonly ElfRegion region in _regions.All)
        {
            if (!region.Whole || region.Section < 0) continue;
            ElfSection section = _file.Sections[region.Section];
            if (section.Type is ElfConstants.SectionRela or ElfConstants.SectionRel) ClaimRelocations(section, slots);
            else if (section.Type == ElfConstants.SectionRelr) ClaimRelativeRelocations(section);
        }
        // A slot of the global offset table is there for the symbol that the loader puts into it.
        RadixSort.Sort(slots);
        int word = _file.Is64 ? 8 : 4;
        for (int i = 0; i < slots.Count; i++) Own((long)slots[i].Key, word, slots[i].Value, ContentKind.Relocations, Basis.Exact);
    }

    private void ClaimRelocations(in ElfSection section, NativeChunks<Keyed> slots)
    {
        ElfSection target = default;
        bool frames = false;
        if (_file.IsRelocatable)
        {
            if (section.Info == 0 || section.Info >= (uint)_file.Sections.Length) return;
            target = _file.Sections[(int)section.Info];
            if (!target.IsAllocated) return;
            frames = _file.Name(target).SequenceEqual(".eh_frame"u8);
        }
        var relocations = new ElfRelocations(_file, section);
        NativeList<int>? symbolOwners = section.Link == 0 ? null
            : section.Link == (uint)_dynamic.SectionIndex ? _dynamicOwners
            : _tableIsOwn && section.Link == (uint)_table.SectionIndex ? _tableOwners
            : null;
        int pending = Nobody, first = 0, frame = 0;
        for (int i = 0; i <= relocations.Count; i++)
        {
            int owner = Nobody;
            if (i < relocations.Count)
            {
                ElfRelocation r = relocations[i];
                long offset = -1;
                if (frames)
                {
                    // Both are sorted by their place in the section.
                    while (frame < _frames.Count && _frames[frame].Offset + _frames[frame].Length <= target.Offset + (long)Math.Min(r.Offset, (ulong)target.Size)) frame++;
                    if (frame < _frames.Count && _frames[frame].Offset <= target.Offset + (long)r.Offset) owner = _frames[frame].Owner;
                }
                else if (!_file.IsRelocatable)
                {
                    if (!_file.TryGetOffset(r.Offset, out offset)) offset = -1;
                }
                else if (r.Offset < (ulong)target.FileSize) offset = target.Offset + (long)r.Offset;
                if (offset >= 0) owner = OwnerAt(offset);
                if (owner == Nobody && symbolOwners is not null && r.Symbol > 0 && r.Symbol < symbolOwners.Count && symbolOwners[r.Symbol] is > 0 and int symbol)
                {
                    owner = symbol;
                    if (offset >= 0 && !_file.IsRelocatable && _regions.At(offset) is >= 0 and int index && _regions.All[index].Content == ContentKind.Data) slots.Add(new Keyed((ulong)offset, symbol));
                }
            }
            if (owner == pending && i < relocations.Count) continue;
            if (pending != Nobody) Own(section.Offset + (long)first * relocations.EntrySize, (long)(i - first) * relocations.EntrySize, pending, ContentKind.Relocations, Basis.Exact);
            pending = owner;
            first = i;
        }
    }

    /// <summary>
    /// SHT_RELR (generic ABI, "Relative Relocation Table"): an even word is an address, an odd one a bitmap of the words after it. A
    /// word belongs to the first place that it relocates.
    /// </summary>
    private void ClaimRelativeRelocations(in ElfSection section)
    {
        ByteView words = _file.Content(section);
        int size = _file.Is64 ? 8 : 4;
        ulong next = 0;
        for (long at = 0; words.Contains(at, size); at += size)
        {
            ulong word = _file.Is64 ? words.U64(at, _file.BigEndian) : words.U32(at, _file.BigEndian);
            ulong address;
            if ((word & 1) == 0)
            {
                address = word;
                next = word + (ulong)size;
            }
            else
            {
                if (word == 1) continue;
                address = next + (ulong)(System.Numerics.BitOperations.TrailingZeroCount(word >> 1) * size);
                next += (ulong)((size * 8 - 1) * size);
            }
            if (!_file.TryGetOffset(address, out long offset)) continue;
            Own(section.Offset + at, size, OwnerAt(offset), ContentKind.Relocations, (word & 1) == 0 ? Basis.Exact : Basis.Derived);
        }
    }
}
