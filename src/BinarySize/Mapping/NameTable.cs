using System.Runtime.InteropServices;
using System.Text;
using BinarySize.IO;

namespace BinarySize.Mapping;

/// <summary>
/// Names by small integer. A name is UTF-8 bytes, either copied into the table or left where they lie in a mapped file,
/// so that a million symbol names cost 16 bytes each. Id 0 is the empty name. Equal bytes get one id only through
/// <c>Intern</c>; <c>Add</c> does not look. Not thread-safe.
/// </summary>
public sealed unsafe class NameTable : IDisposable
{
    // The first chunk is a small one, each further one is as large as all before it, up to the largest.
    private const int FirstChunk = 1024, ChunkSize = 64 * 1024;

    private struct Entry
    {
        public byte* Start;
        public int Length;
    }

    private readonly NativeChunks<Entry> _entries = new();
    private readonly List<nint> _chunks = [];
    private byte* _chunk;
    private int _chunkLeft, _nextChunk = FirstChunk;

    // Open addressing; 0 marks an empty place (id 0 is never stored).
    private int[] _buckets = [];
    private int _interned;

    public NameTable() => _entries.Add(default);

    /// <summary>Number of ids in use, id 0 included.</summary>
    public int Count => _entries.Count;

    /// <summary>A new id for <paramref name="name"/>, which stays where it is: its file must outlive this table.</summary>
    public int AddMapped(ByteView name) => AddEntry(name.Pointer, (int)Math.Min(name.Length, int.MaxValue));

    /// <summary>A new id for a copy of <paramref name="name"/>.</summary>
    public int Add(ReadOnlySpan<byte> name) => name.IsEmpty ? 0 : AddEntry(Copy(name), name.Length);

    /// <summary>The one id of these bytes.</summary>
    public int Intern(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty) return 0;
        if (_interned * 2 >= _buckets.Length) Grow();
        int place = Place(name);
        if (_buckets[place] != 0) return _buckets[place];
        int id = AddEntry(Copy(name), name.Length);
        _buckets[place] = id;
        _interned++;
        return id;
    }

    /// <summary>The one id of these bytes, which stay where they are if they are new: their file must outlive this table.</summary>
    public int InternMapped(ByteView name)
    {
        if (name.Length == 0) return 0;
        if (_interned * 2 >= _buckets.Length) Grow();
        int place = Place(name.Span());
        if (_buckets[place] != 0) return _buckets[place];
        _interned++;
        return _buckets[place] = AddMapped(name);
    }

    /// <summary>The one id of this text.</summary>
    public int Intern(ReadOnlySpan<char> name)
    {
        if (name.IsEmpty) return 0;
        int max = Encoding.UTF8.GetMaxByteCount(name.Length);
        if (max <= 1024)
        {
            Span<byte> buffer = stackalloc byte[max];
            return Intern(buffer[..Encoding.UTF8.GetBytes(name, buffer)]);
        }
        byte[] rented = new byte[max];
        return Intern(rented.AsSpan(0, Encoding.UTF8.GetBytes(name, rented)));
    }

    /// <summary>The name's bytes; empty for id 0.</summary>
    public ReadOnlySpan<byte> Bytes(int id)
    {
        ref Entry entry = ref _entries[id];
        return new ReadOnlySpan<byte>(entry.Start, entry.Length);
    }

    /// <summary>The name as text; bytes that are not UTF-8 become U+FFFD. Not escaped: a sink does that.</summary>
    public string Text(int id) => id == 0 ? "" : Encoding.UTF8.GetString(Bytes(id));

    public void Dispose()
    {
        foreach (nint chunk in _chunks) NativeMemory.Free((void*)chunk);
        _chunks.Clear();
        _chunk = null;
        _chunkLeft = 0;
        _nextChunk = FirstChunk;
        _entries.Clear();
        _entries.Add(default);
        _buckets = [];
        GC.SuppressFinalize(this);
    }

    ~NameTable()
    {
        foreach (nint chunk in _chunks) NativeMemory.Free((void*)chunk);
    }

    private int AddEntry(byte* start, int length)
    {
        if (length == 0) return 0;
        _entries.Add(new Entry { Start = start, Length = length });
        return _entries.Count - 1;
    }

    private byte* Copy(ReadOnlySpan<byte> name)
    {
        byte* target;
        if (name.Length > ChunkSize / 4)
        {
            target = (byte*)NativeMemory.Alloc((nuint)name.Length);
            _chunks.Add((nint)target);
        }
        else
        {
            if (_chunkLeft < name.Length)
            {
                while (_nextChunk < name.Length) _nextChunk *= 2;
                _chunk = (byte*)NativeMemory.Alloc((nuint)_nextChunk);
                _chunks.Add((nint)_chunk);
                _chunkLeft = _nextChunk;
                _nextChunk = Math.Min(ChunkSize, _nextChunk * 2);
            }
            target = _chunk;
            _chunk += name.Length;
            _chunkLeft -= name.Length;
        }
        name.CopyTo(new Span<byte>(target, name.Length));
        return target;
    }

    private int Place(ReadOnlySpan<byte> name)
    {
        // Randomised per process, so that a file cannot choose names that collide.
        var hash = new HashCode();
        hash.AddBytes(name);
        int mask = _buckets.Length - 1;
        int place = hash.ToHashCode() & mask;
        while (_buckets[place] != 0 && !Bytes(_buckets[place]).SequenceEqual(name)) place = (place + 1) & mask;
        return place;
    }

    private void Grow()
    {
        int[] old = _buckets;
        _buckets = new int[Math.Max(64, old.Length * 2)];
        foreach (int id in old)
        {
            if (id != 0) _buckets[Place(Bytes(id))] = id;
        }
    }
}
