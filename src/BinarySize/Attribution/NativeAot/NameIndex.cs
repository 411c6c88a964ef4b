using System.Buffers.Binary;
using System.Numerics;
using BinarySize.IO;

namespace BinarySize.Attribution.NativeAot;

/// <summary>
/// Names (left where they lie in a mapped file, or copied) to numbers, with a hash that is built byte by byte, so that
/// the longest known beginning of a name is found in one pass over it. Not thread-safe.
/// </summary>
internal sealed class NameIndex : IDisposable
{
    // A name longer than this is not looked at further: it bounds the time that hostile names take.
    public const int MaxName = 1 << 12;

    private readonly record struct Entry(ByteView Name, int Value);

    /// <summary>A place of the table: it is taken where the number of its entry, from 1, is not 0.</summary>
    private record struct Place(uint Hash, int Entry);

    // A random odd number and its powers, so that a file cannot choose names that collide.
    private readonly ulong _factor = ((ulong)Random.Shared.NextInt64() << 1) | 1;
    private readonly ulong _f2, _f3, _f4, _f5, _f6, _f7, _f8, _sum8;
    private readonly List<byte[]> _copies = [];
    private Memory<byte> _free;
    private readonly NativeChunks<Entry> _entries = new();
    private Place[] _places;

    // A bit for the hash of each name, 16 times as many as names: most beginnings of names are no names, and this is a small table.
    private ulong[] _bits;

    /// <param name="expected">Names that will be added, as far as that is known.</param>
    public NameIndex(int expected = 0)
    {
        _places = new Place[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(expected, 256, 1 << 24) * 2)];
        _bits = new ulong[_places.Length / 8];
        _f2 = _factor * _factor;
        _f3 = _f2 * _factor;
        _f4 = _f2 * _f2;
        _f5 = _f4 * _factor;
        _f6 = _f4 * _f2;
        _f7 = _f4 * _f3;
        _f8 = _f4 * _f4;
        _sum8 = _factor + _f2 + _f3 + _f4 + _f5 + _f6 + _f7 + _f8;
    }

    /// <summary>Adds a name unless it is known. True where it was not.</summary>
    public bool TryAdd(ByteView name, int value)
    {
        if (name.Length is 0 or > MaxName) return false;
        ReadOnlySpan<byte> bytes = name.Span();
        uint hash = Finish(Extend(0, bytes));
        int place = PlaceOf(hash, bytes);
        if (_places[place].Entry != 0) return false;
        if (_entries.Count * 2L >= _places.Length)
        {
            Grow();
            place = PlaceOf(hash, bytes);
        }
        _entries.Add(new Entry(name, value));
        _places[place] = new Place(hash, _entries.Count);
        Mark(hash);
        return true;
    }

    /// <summary>Adds a copy of a name unless it is known.</summary>
    public unsafe bool TryAdd(ReadOnlySpan<byte> name, int value)
    {
        if (name.Length is 0 or > MaxName || Find(name) >= 0) return false;
        if (_free.Length < name.Length)
        {
            _copies.Add(GC.AllocateUninitializedArray<byte>(16 * MaxName, pinned: true));
            _free = _copies[^1];
        }
        name.CopyTo(_free.Span);
        ByteView copy;
        fixed (byte* start = _free.Span) copy = new ByteView(start, name.Length);
        _free = _free[name.Length..];
        return TryAdd(copy, value);
    }

    /// <summary>The value of a name; -1 where it is not known.</summary>
    public int Find(ReadOnlySpan<byte> name) => name.Length > MaxName ? -1 : ValueAt(PlaceOf(Finish(Extend(0, name)), name));

    /// <summary>The value of the longest beginning of a name that is known and ends where a part of a mangled name ends; -1 where none is.</summary>
    /// <param name="name">The name.</param>
    /// <param name="length">Bytes of the beginning.</param>
    /// <param name="least">Names with values below this do not count.</param>
    public int FindLongestPrefix(ReadOnlySpan<byte> name, out int length, int least = 0)
    {
        if (name.Length > MaxName) name = name[..MaxName];
        ulong hash = 0;
        int found = -1;
        length = 0;
        for (int end = 0; end < name.Length;)
        {
            int next = name[(end + 1)..].IndexOfAny((byte)'_', (byte)'<', (byte)'>'), from = end;
            end = next < 0 ? name.Length : end + 1 + next;
            hash = Extend(hash, name[from..end]);
            uint finished = Finish(hash);
            if (IsMarked(finished) && ValueAt(PlaceOf(finished, name[..end])) is >= 0 and var value && value >= least) (found, length) = (value, end);
        }
        return found;
    }

    public void Dispose() => _entries.Dispose();

    private int ValueAt(int place) => _places[place].Entry is var entry and not 0 ? _entries[entry - 1].Value : -1;

    /// <summary>The hash of bytes behind those that <paramref name="hash"/> is of: each is added, with 1, and all multiplied. Eight at a time are a sum of products.</summary>
    private ulong Extend(ulong hash, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            hash = hash * _f8 + _sum8
                + (byte)word * _f8 + (byte)(word >> 8) * _f7 + (byte)(word >> 16) * _f6 + (byte)(word >> 24) * _f5
                + (byte)(word >> 32) * _f4 + (byte)(word >> 40) * _f3 + (byte)(word >> 48) * _f2 + (word >> 56) * _factor;
        }
        foreach (byte b in bytes) hash = (hash + b + 1) * _factor;
        return hash;
    }

    private static uint Finish(ulong hash) => (uint)(hash * 0x9E3779B97F4A7C15 >> 32);

    private void Grow()
    {
        Place[] old = _places;
        _places = new Place[old.Length * 2];
        _bits = new ulong[_places.Length / 8];
        // They are all different: no name is looked at.
        foreach (Place taken in old)
        {
            if (taken.Entry == 0) continue;
            int free = (int)taken.Hash & (_places.Length - 1);
            while (_places[free].Entry != 0) free = (free + 1) & (_places.Length - 1);
            _places[free] = taken;
            Mark(taken.Hash);
        }
    }

    private void Mark(uint hash) => _bits[(hash >> 6) & (_bits.Length - 1)] |= 1UL << (int)(hash & 63);

    private bool IsMarked(uint hash) => (_bits[(hash >> 6) & (_bits.Length - 1)] >> (int)(hash & 63) & 1) != 0;

    private int PlaceOf(uint hash, ReadOnlySpan<byte> name)
    {
        Place[] places = _places;
        int mask = places.Length - 1;
        for (int i = (int)hash & mask; ; i = (i + 1) & mask)
        {
            Place place = places[i];
            if (place.Entry == 0 || (place.Hash == hash && _entries[place.Entry - 1].Name.Span().SequenceEqual(name))) return i;
        }
    }
}
