using System.Diagnostics.CodeAnalysis;
using BinarySize.IO;

namespace BinarySize.Mapping;

/// <summary>
/// Collects what readers say of a file and turns it into a <see cref="SizeMap"/>.
/// Parts and owners are claimed independently. Of parts that claim the same bytes the deeper one wins, then the one that
/// was claimed first; of owners the one with the higher rank, then the one that was claimed first. Claims may come in any
/// order, overlap, and reach past the end (they are cut). What no part claims becomes padding (all zero) or a gap.
/// Cost: linear in the number of claims where they come as a few tables, each in rising order; O(n log n) at worst.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Building the map frees it; a builder that is given up goes with its finalizers.")]
public sealed class SizeMapBuilder
{
    // What the least of formats has, without growing.
    private readonly List<Part> _parts = new(32);
    private readonly List<byte> _depths = new(32);
    private readonly NativeChunks<Owner> _owners = new();

    // Open addressing: owners by parent, kind and name; 0 marks an empty place (owner 0 is never stored).
    private int[] _ownerBuckets = [];
    private int _internedOwners;

    private readonly List<MapWarning> _warnings = [];
    private readonly List<IDisposable> _kept = [];
    private readonly Dictionary<int, string> _unreadable = [];
    private readonly Dictionary<(int File, PartKind Kind), int> _rest = [];
    private ClaimList _partClaims = new();
    private ClaimList _ownerClaims = new();
    private readonly ByteView _bytes;

    /// <param name="bytes">The file. Used to tell padding from gaps; default where its content is not at hand.</param>
    /// <param name="size">Bytes in the file.</param>
    /// <param name="name">The file's name, which part 0 carries.</param>
    public SizeMapBuilder(ByteView bytes, long size, string name)
    {
        _bytes = bytes;
        Size = size;
        _owners.Add(default);
        AddPart(-1, PartKind.File, ContentKind.Other, Names.Intern(name));
    }

    /// <summary>Bytes in the file.</summary>
    public long Size { get; }

    public NameTable Names { get; } = new();

    /// <summary>Parts so far; <see cref="AddPart"/> returns this number and raises it.</summary>
    public int PartCount => _parts.Count;

    /// <summary>Adds a node to the part tree. It has no bytes yet.</summary>
    public int AddPart(int parent, PartKind kind, ContentKind content, int name, long unpackedSize = -1)
    {
        _parts.Add(new Part(parent, name, kind, content, unpackedSize));
        _depths.Add(parent < 0 ? (byte)0 : (byte)Math.Min(255, _depths[parent] + 1));
        return _parts.Count - 1;
    }

    /// <summary>Gives <paramref name="length"/> bytes at <paramref name="start"/> of the file to a part.</summary>
    public void ClaimPart(long start, long length, int part) =>
        _partClaims.Add(start, length, Size, part, _depths[part], _parts[part].Content, Basis.Exact);

    /// <summary>A node of the owner tree by its number.</summary>
    public Owner OwnerAt(int owner) => _owners[owner];

    /// <summary>A new node of the owner tree, without looking whether there is one like it.</summary>
    public int AddOwner(int parent, OwnerKind kind, int name)
    {
        _owners.Add(new Owner(parent, name, kind));
        return _owners.Count - 1;
    }

    /// <summary>The one node of the owner tree with this parent, kind and name.</summary>
    public int InternOwner(int parent, OwnerKind kind, ReadOnlySpan<char> name) => InternOwner(parent, kind, Names.Intern(name));

    /// <summary>The one node of the owner tree with this parent, kind and interned name.</summary>
    public int InternOwner(int parent, OwnerKind kind, int internedName)
    {
        if (_internedOwners * 2 >= _ownerBuckets.Length) GrowOwnerBuckets();
        var owner = new Owner(parent, internedName, kind);
        int place = PlaceOf(owner);
        if (_ownerBuckets[place] != 0) return _ownerBuckets[place];
        _internedOwners++;
        return _ownerBuckets[place] = AddOwner(parent, kind, internedName);
    }

    private int PlaceOf(in Owner owner)
    {
        // Randomised per process, so that a file cannot choose owners that collide.
        int mask = _ownerBuckets.Length - 1, place = HashCode.Combine(owner.Parent, owner.Name, owner.Kind) & mask;
        while (_ownerBuckets[place] != 0 && _owners[_ownerBuckets[place]] != owner) place = (place + 1) & mask;
        return place;
    }

    private void GrowOwnerBuckets()
    {
        int[] old = _ownerBuckets;
        _ownerBuckets = new int[Math.Max(64, old.Length * 2)];
        foreach (int id in old)
        {
            if (id != 0) _ownerBuckets[PlaceOf(_owners[id])] = id;
        }
    }

    /// <summary>Gives <paramref name="length"/> bytes at <paramref name="start"/> of the file to an owner.</summary>
    /// <param name="content">What the bytes are for; <see cref="ContentKind.Other"/> leaves it to the part that they lie in.</param>
    /// <param name="rank">Of overlapping claims the higher rank wins: 1 symbols, 2 debug or compiler information.</param>
    public void ClaimOwner(long start, long length, int owner, ContentKind content, Basis basis = Basis.Exact, byte rank = 1) =>
        _ownerClaims.Add(start, length, Size, owner, rank, content, basis);

    /// <summary>Splits a run evenly among owners that share it. Where there are more owners than bytes, the first ones get a byte each.</summary>
    public void ClaimShared(long start, long length, ReadOnlySpan<int> owners, ContentKind content, byte rank = 1)
    {
        if (owners.Length == 1)
        {
            ClaimOwner(start, length, owners[0], content, Basis.Exact, rank);
            return;
        }
        if (length < owners.Length)
        {
            // Fewer bytes than owners: only as many can get one, and only these are looked at.
            for (int i = 0; i < length; i++) ClaimOwner(start + i, 1, owners[i], content, Basis.Derived, rank);
            return;
        }
        for (int i = 0; i < owners.Length; i++)
        {
            long from = Proportion.Of(length, i, owners.Length), to = Proportion.Of(length, i + 1, owners.Length);
            ClaimOwner(start + from, to - from, owners[i], content, Basis.Derived, rank);
        }
    }

    /// <summary>
    /// Lays the map of what a part contains over the part's bytes: as it is where it has the same length, in proportion
    /// (and then <see cref="Basis.Estimated"/>) where the part is compressed. Part 0 of the inner map becomes <paramref name="part"/>.
    /// </summary>
    /// <param name="start">Where the part starts.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="part">The part.</param>
    /// <param name="inner">The map of what it contains.</param>
    /// <param name="tail">Bytes at the end of both that are not compressed.</param>
    public void Nest(long start, long length, int part, SizeMap inner, long tail = 0)
    {
        bool scaled = inner.Size != length;
        if (tail < 0 || tail > Math.Min(length, inner.Size)) throw new ArgumentOutOfRangeException(nameof(tail));
        long head = inner.Size - tail;
        long Place(long at) => !scaled ? at : at >= head ? length - (inner.Size - at) : Proportion.Of(at, length - tail, head);
        int[] names = new int[inner.Names.Count];
        var parts = new int[inner.Parts.Length];
        parts[0] = part;
        int NameOf(int id) => id == 0 ? 0 : names[id] != 0 ? names[id] : names[id] = Names.Intern(inner.Names.Bytes(id));
        long[] sizes = scaled ? PartSizes(inner) : [];
        for (int i = 1; i < parts.Length; i++)
        {
            Part p = inner.Parts[i];
            // A file that is compressed together with others unpacks to what it is in there.
            long unpacked = scaled && tail == 0 && p.Kind == PartKind.File && p.UnpackedSize < 0 ? sizes[i] : p.UnpackedSize;
            parts[i] = AddPart(parts[p.Parent], p.Kind, p.Content, NameOf(p.Name), unpacked);
        }
        var owners = new int[inner.Owners.Length];
        for (int i = 1; i < owners.Length; i++)
        {
            Owner o = inner.Owners[i];
            owners[i] = InternOwner(owners[o.Parent], o.Kind, NameOf(o.Name));
        }
        ReadOnlySpan<Slice> slices = inner.Slices;
        for (int i = 0; i < slices.Length; i++)
        {
            Slice s = slices[i];
            long from = Place(s.Start), to = Place(s.Start + inner.LengthOf(i));
            if (to <= from) continue;
            Basis basis = scaled && s.Start < head ? Basis.Estimated : s.Basis;
            _partClaims.Add(start + from, to - from, Size, parts[s.Part], _depths[parts[s.Part]], s.Content, basis);
            if (s.Owner != 0) ClaimOwner(start + from, to - from, owners[s.Owner], s.Content, basis, rank: 3);
        }
        _warnings.AddRange(inner.Warnings);
    }

    // Bytes of each part with what lies below it.
    private static long[] PartSizes(SizeMap map)
    {
        var sizes = new long[map.Parts.Length];
        for (int i = 0; i < map.Slices.Length; i++) sizes[map.Slices[i].Part] += map.LengthOf(i);
        // A part is added after the one that it is in.
        for (int i = sizes.Length - 1; i > 0; i--) sizes[map.Parts[i].Parent] += sizes[i];
        return sizes;
    }

    /// <summary>Notes something that could not be read as it should.</summary>
    public void Warn(string code, string message)
    {
        // A damaged file can give rise to any number of them; the first few say all there is to say.
        if (_warnings.Count < 100) _warnings.Add(new MapWarning(code, message));
    }

    /// <summary>Hands over something that must live as long as the map, a <see cref="FileView"/> that names lie in.</summary>
    public void Keep(IDisposable resource) => _kept.Add(resource);

    /// <summary>Gives back the memory that mapped files take, where the next stage will read other parts of them.</summary>
    public void ReleasePages()
    {
        foreach (IDisposable kept in _kept) (kept as FileView)?.Release();
    }

    /// <summary>
    /// Says why a file could not be read to its end: bytes of it that no part claims become one part "unreadable: …"
    /// instead of padding and gaps.
    /// </summary>
    /// <param name="part">The part that stands for the file.</param>
    /// <param name="reason">What is wrong with it.</param>
    public void MarkUnreadable(int part, string reason) => _unreadable[part] = "unreadable: " + reason;

    /// <summary>Turns the claims into the map. The builder is used up.</summary>
    public SizeMap Build()
    {
        using ClaimList.Sweep parts = _partClaims.Resolve();
        _partClaims = new ClaimList();
        using ClaimList.Sweep owners = _ownerClaims.Resolve();
        _ownerClaims = new ClaimList();

        // A file that was looked into names what it left over; one that was not is a single slice.
        bool hasPart = parts.TryNext(out Run run), hasOwner = owners.TryNext(out Run o);
        var looked = new bool[_parts.Count];
        foreach (Part p in _parts)
        {
            if (p.Parent >= 0) looked[p.Parent] = true;
        }
        foreach (int part in _unreadable.Keys) looked[part] = true;
        looked[0] |= hasPart;

        var slices = new NativeChunks<Slice>();
        Slice last = new(0, -1, 0, default, default);
        void Emit(long start, long end, int part, ContentKind content, Basis basis)
        {
            if (part < looked.Length && looked[part] && _parts[part].Kind is PartKind.File or PartKind.Slice)
            {
                part = Unclaimed(start, end - start, part);
                content = _parts[part].Content;
            }
            // Owners are sorted and disjoint: walk them along.
            while (hasOwner && o.End <= start) hasOwner = owners.TryNext(out o);
            while (start < end)
            {
                if (!hasOwner || o.Start >= end)
                {
                    Append(start, part, 0, content, basis);
                    break;
                }
                if (o.Start > start) Append(start, part, 0, content, basis);
                Append(Math.Max(start, o.Start), part, o.Id, o.Content == ContentKind.Other ? content : o.Content, o.Basis > basis ? o.Basis : basis);
                start = Math.Min(end, o.End);
                if (o.End == start) hasOwner = owners.TryNext(out o);
            }
        }
        void Append(long start, int part, int owner, ContentKind content, Basis basis)
        {
            if (last.Part == part && last.Owner == owner && last.Content == content && last.Basis == basis) return;
            last = new Slice(start, part, owner, content, basis);
            slices.Add(last);
        }

        long position = 0;
        for (; hasPart; hasPart = parts.TryNext(out run))
        {
            if (run.Start > position) Emit(position, run.Start, 0, ContentKind.Other, Basis.Exact);
            Emit(run.Start, run.End, run.Id, run.Content, run.Basis);
            position = run.End;
        }
        if (position < Size) Emit(position, Size, 0, ContentKind.Other, Basis.Exact);

        // Only names are read from here on.
        ReleasePages();
        return new SizeMap(Size, slices.ToArray(), [.. _parts], _owners.ToArray(), Names, _warnings, _kept);
    }

    private int Unclaimed(long start, long length, int file)
    {
        if (_unreadable.TryGetValue(file, out string? reason)) return Rest(file, PartKind.Unreadable, ContentKind.Unreadable, reason);
        bool padding = _bytes.Contains(start, length) && _bytes.IsFilledWith(start, length, 0);
        return padding
            ? Rest(file, PartKind.Padding, ContentKind.Padding, "padding")
            : Rest(file, PartKind.Gap, ContentKind.Other, "gap");
    }

    private int Rest(int file, PartKind kind, ContentKind content, string name)
    {
        if (!_rest.TryGetValue((file, kind), out int part))
        {
            _rest[(file, kind)] = part = AddPart(file, kind, content, Names.Intern(name));
        }
        return part;
    }
}
