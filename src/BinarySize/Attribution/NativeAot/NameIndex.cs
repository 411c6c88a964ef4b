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

    private readonly record struct Entry(ulong Hash, ByteView Name, int Value);

    // Random, so that a file cannot choose names that collide.
    private readonly ulong _factor = ((ulong)Random.Shared.NextInt64() << 1) | 1;
    private readonly List<byte[]> _pinned = [];
    private readonly NativeChunks<Entry> _entries = new();
    private int[] _buckets = new int[1024];

    /// <summary>Adds a name unless it is known. True where it was not.</summary>
    public bool TryAdd(ByteView name, int value)
    {
        if (name.Length is 0 or > MaxName) return false;
        ReadOnlySpan<byte> bytes = name.Span();
        ulong hash = 0;
        foreach (byte b in bytes) hash = Step(hash, b);
        int place = Place(hash, bytes);
        if (_buckets[place] != 0) return false;
        if (_entries.Count * 4L == _buckets.Length)
        {
            _buckets = new int[_buckets.Length * 2];
            // They are all different: no name is looked at.
            for (int i = 0; i < _entries.Count; i++)
            {
                int free = First(_entries[i].Hash);
                while (_buckets[free] != 0) free = (free + 1) & (_buckets.Length - 1);
                _buckets[free] = i + 1;
            }
            place = Place(hash, bytes);
        }
        _entries.Add(new Entry(hash, name, value));
        _buckets[place] = _entries.Count;
        return true;
    }

    /// <summary>Adds a copy of a name unless it is known.</summary>
    public unsafe bool TryAdd(ReadOnlySpan<byte> name, int value)
    {
        byte[] copy = GC.AllocateUninitializedArray<byte>(name.Length, pinned: true);
        name.CopyTo(copy);
        fixed (byte* start = copy)
        {
            if (!TryAdd(new ByteView(start, copy.Length), value)) return false;
        }
        _pinned.Add(copy);
        return true;
    }

    /// <summary>The value of a name; -1 where it is not known.</summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        if (name.Length > MaxName) return -1;
        ulong hash = 0;
        foreach (byte b in name) hash = Step(hash, b);
        int bucket = _buckets[Place(hash, name)];
        return bucket == 0 ? -1 : _entries[bucket - 1].Value;
    }

    /// <summary>The value of the longest beginning of a name that is known and ends where a part of a mangled name ends; -1 where none is.</summary>
    public int FindLongestPrefix(ReadOnlySpan<byte> name, out int length)
    {
        if (name.Length > MaxName) name = name[..MaxName];
        ulong hash = 0;
        int found = -1;
        length = 0;
        for (int i = 0; i <= name.Length; i++)
        {
            if (i > 0 && (i == name.Length || name[i] is (byte)'_' or (byte)'<' or (byte)'>'))
            {
                int bucket = _buckets[Place(hash, name[..i])];
                if (bucket != 0)
                {
                    found = _entries[bucket - 1].Value;
                    length = i;
                }
            }
            if (i < name.Length) hash = Step(hash, name[i]);
        }
        return found;
    }

    public void Dispose() => _entries.Dispose();

    private ulong Step(ulong hash, byte b) => (hash + b + 1) * _factor;

    private int First(ulong hash) => (int)BitOperations.RotateLeft(hash * 0x9E3779B97F4A7C15, 23) & (_buckets.Length - 1);

    private int Place(ulong hash, ReadOnlySpan<byte> name)
    {
        int mask = _buckets.Length - 1;
        int place = First(hash);
        while (_buckets[place] != 0)
        {
            ref Entry e = ref _entries[_buckets[place] - 1];
            if (e.Hash == hash && e.Name.Span().SequenceEqual(name)) break;
            place = (place + 1) & mask;
        }
        return place;
    }
}
