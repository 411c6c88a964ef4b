using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BinarySize.IO;

/// <summary>
/// A list that only grows, in native memory and in chunks: nothing is copied when it grows, and a chunk can be given back
/// while the rest is still in use. What is not freed goes with the finalizer.
/// </summary>
internal sealed unsafe class NativeChunks<T> where T : unmanaged
{
    public const int ChunkBits = 13;
    public const int ChunkSize = 1 << ChunkBits;

    private readonly List<nint> _chunks = [];

    public int Count { get; private set; }

    public int Chunks => _chunks.Count;

    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return ref ((T*)_chunks[index >> ChunkBits])[index & (ChunkSize - 1)];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in T item)
    {
        if ((Count & (ChunkSize - 1)) == 0) _chunks.Add((nint)NativeMemory.Alloc(ChunkSize, (nuint)sizeof(T)));
        Count++;
        this[Count - 1] = item;
        GC.KeepAlive(this);
    }

    /// <summary>Gives a chunk back, whose items must not be used any more.</summary>
    public void Free(int chunk)
    {
        NativeMemory.Free((void*)_chunks[chunk]);
        _chunks[chunk] = 0;
    }

    /// <summary>Gives everything back.</summary>
    public void Free()
    {
        for (int i = 0; i < _chunks.Count; i++) Free(i);
        _chunks.Clear();
        Count = 0;
    }

    /// <summary>The items as an array; the list is used up, chunk by chunk.</summary>
    public T[] ToArray()
    {
        T[] array = GC.AllocateUninitializedArray<T>(Count);
        for (int i = 0; i < _chunks.Count; i++)
        {
            int start = i << ChunkBits, length = Math.Min(ChunkSize, Count - start);
            new ReadOnlySpan<T>((T*)_chunks[i], length).CopyTo(array.AsSpan(start));
            Free(i);
        }
        _chunks.Clear();
        Count = 0;
        return array;
    }

    ~NativeChunks() => Free();
}
